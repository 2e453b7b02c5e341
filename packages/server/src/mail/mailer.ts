/** nodemailer, loaded with the first mail: most starts send none, and it is large. */
import type { Transporter } from 'nodemailer';
import type { Message } from './message.ts';

export interface Mailer<Sent> {
  send(message: Message): Promise<Sent>;
  close(): void;
}

export function createMailer<Sent>(make: (nodemailer: typeof import('nodemailer')) => Transporter<Sent>): Mailer<Sent> {
  let made: Promise<Transporter<Sent>> | undefined;
  const load = (): Promise<Transporter<Sent>> => {
    const loading = import('nodemailer').then(make);
    // The next mail tries again.
    loading.catch(() => {
      if (made === loading) made = undefined;
    });
    return loading;
  };
  return {
    async send(message) {
      made ??= load();
      return (await made).sendMail(message);
    },
    close: () =>
      void made?.then(
        (transporter) => transporter.close(),
        () => {},
      ),
  };
}

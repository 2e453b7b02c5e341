/** nodemailer, loaded with the first mail: most starts send none, and it is large. */
import type { Transporter } from 'nodemailer';
import type { Message } from './message.ts';

export interface Mailer<Sent> {
  send(message: Message): Promise<Sent>;
  close(): void;
}

export function createMailer<Sent>(make: (nodemailer: typeof import('nodemailer')) => Transporter<Sent>): Mailer<Sent> {
  let made: Promise<Transporter<Sent>> | undefined;
  return {
    async send(message) {
      made ??= import('nodemailer').then(make);
      return (await made).sendMail(message);
    },
    close: () => void made?.then((transporter) => transporter.close()),
  };
}

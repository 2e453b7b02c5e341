/**
 * The courier carries the out-box to the transport. It is woken after each commit that put a mail in, and looks by itself
 * for mails whose pause is over or whose courier was killed. Several processes may each run one.
 */
import { type LeasedMail, leaseMail, type MailFailure, recordFailure, recordSent, type Services } from '@reeve/core';
import { messageOf } from './message.ts';
import { createCarriage } from './provider.ts';
import type { MailTransport } from './transport.ts';

const LOOK_EVERY = 5_000;
/** Mails on their way at once. */
const CARRIERS = 4;

export interface Courier {
  /** There may be a mail to send. */
  wake(): void;
  /** Takes no further mail; resolves when those on their way have arrived, or failed, or were broken off. */
  close(): Promise<void>;
}

export interface CourierOptions {
  readonly services: Services;
  /** The way of the mails whose tenant has none of its own. */
  readonly transport: MailTransport;
  readonly log: (line: string) => void;
  /** How long a mail on its way may hold up the end. Default 10 s; what is broken off then is tried again later. */
  readonly graceMilliseconds?: number;
}

export function createCourier({ services, transport, log, graceMilliseconds = 10_000 }: CourierOptions): Courier {
  const carriage = createCarriage(services, transport);
  const carriers = new Set<Promise<void>>();
  let active = 0;
  let calls = 0;
  let isClosed = false;

  async function carry(): Promise<void> {
    try {
      while (!isClosed) {
        const seen = calls;
        const mail = await leaseMail(services);
        if (mail) {
          // Where one was waiting, more may be.
          call();
          await deliver(mail);
        } else if (seen === calls) return;
      }
    } catch (error) {
      // The mail in hand keeps its lease, so it is tried again when that has run out.
      log(`the mail courier was interrupted: ${(error as Error).message}`);
    } finally {
      // In one step with the look at `calls`, so that no call falls between.
      active--;
    }
  }

  async function deliver(mail: LeasedMail): Promise<void> {
    const transport = await carriage.of(mail.tenant_id);
    let line: string | undefined;
    try {
      line = await transport.send(messageOf(mail, transport.sender), mail.id);
    } catch (error) {
      const failure = withoutLink(transport.judge(error), mail);
      const next = await recordFailure(services, mail, failure);
      log(
        `mail ${mail.id} was not sent (${failure.reason}); ${next === undefined ? 'given up' : `next attempt at ${new Date(next).toISOString()}`}`,
      );
      return;
    }
    await recordSent(services, mail);
    if (line !== undefined) log(line);
  }

  /** One more carrier, up to the bound. */
  function call(): void {
    if (isClosed || active >= CARRIERS) return;
    active++;
    const carrier = carry().finally(() => void carriers.delete(carrier));
    carriers.add(carrier);
  }

  function wake(): void {
    calls++;
    call();
  }

  const timer = setInterval(wake, LOOK_EVERY);
  timer.unref();
  return {
    wake,
    async close() {
      isClosed = true;
      clearInterval(timer);
      const grace = setTimeout(() => carriage.close(), graceMilliseconds);
      await Promise.all(carriers);
      clearTimeout(grace);
      carriage.close();
    },
  };
}

/** A server may repeat in its refusal what it was given. */
function withoutLink({ message, ...failure }: MailFailure, { payload }: LeasedMail): MailFailure {
  const token = new URL(payload.link).searchParams.get('ticket');
  const shown = message.replaceAll(payload.link, '[link]').replace(/\p{C}+/gu, ' ');
  return { ...failure, message: token === null ? shown : shown.replaceAll(token, '[ticket]') };
}

/** Where mails go: to an SMTP server, or without one into files that a developer opens. */
import type { MailFailure } from '@reeve/core';
import type { Message } from './message.ts';

export interface MailTransport {
  /** The address to send from, where the server prescribes one. */
  readonly sender: string | undefined;
  /** Hands the message over; resolves when its receiver has it. `name` is unique to the mail. Returns a line for the log. */
  send(message: Message, name: string): Promise<string | undefined>;
  /** What a failure of `send` means. */
  judge(error: unknown): MailFailure;
  /** Breaks off what is still being sent. */
  close(): void;
}

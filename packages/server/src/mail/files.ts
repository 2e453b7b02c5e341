/** Mails as files: `<data dir>/mail/<id>.eml`, complete or not there at all, readable by the owner only. */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createMailer } from './mailer.ts';
import type { MailTransport } from './transport.ts';

export function createFileTransport(dataDir: string): MailTransport {
  const folder = join(dataDir, 'mail');
  const composer = createMailer(({ createTransport }) =>
    createTransport({ streamTransport: true, buffer: true, newline: 'windows' }),
  );
  return {
    sender: undefined,
    async send(message, name) {
      const { message: bytes } = await composer.send(message);
      const path = join(folder, `${name}.eml`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeWhole(path, bytes as Buffer);
      return `mail for ${visible(addressOf(message.to))} is in ${path}`;
    },
    judge: (error) => ({
      message: (error as Error).message,
      reason: (error as NodeJS.ErrnoException).code ?? 'error',
      isPermanent: false,
    }),
    close: () => composer.close(),
  };
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  const unfinished = `${path}.part`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

const addressOf = (to: unknown): string => (to as { address: string }).address;

/** An address may hold characters that a terminal obeys. */
const visible = (text: string): string => text.replace(/\p{C}/gu, '?');

/** What loads with the first mail, and a load that fails. */
import { createTransport } from 'nodemailer';
import { expect, it } from 'vitest';
import { createMailer } from './mailer.ts';

const MESSAGE = { from: 'a@example.com', to: 'b@example.com', subject: 'x', text: 'x', html: 'x' };

it('a mailer that could not be made is made again for the next mail, and is closed all the same', async () => {
  let tries = 0;
  const mailer = createMailer(() => {
    if (++tries === 1) throw new Error('out of files');
    return createTransport({ jsonTransport: true });
  });
  const failing = mailer.send(MESSAGE);
  // Closed while it is still being made: what it fails with is told to the sender alone.
  mailer.close();
  await expect(failing).rejects.toThrow('out of files');
  await expect(mailer.send(MESSAGE)).resolves.toMatchObject({ envelope: { to: ['b@example.com'] } });
  mailer.close();
  expect(tries).toBe(2);
});

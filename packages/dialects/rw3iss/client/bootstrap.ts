/** Settles who is signed in, once, when a client is made. Never rejects: what went wrong is in the snapshot. */
import type { BootstrapMode } from './config.ts';
import { UnauthenticatedError } from './errors.ts';
import type { Renewal } from './renewal.ts';
import type { Session } from './session.ts';
import type { Wire } from './wire.ts';

export const bootstrap = async (
  mode: BootstrapMode,
  { session, renewal, wire }: { readonly session: Session; readonly renewal: Renewal; readonly wire: Wire },
): Promise<void> => {
  if (mode === 'offline') return;
  const { identity } = session;
  const settle = (error: unknown = null): void => {
    // Who signed in or out meanwhile knows better.
    if (identity !== session.identity) return;
    const isKnown = session.isAuthenticated && !(error instanceof UnauthenticatedError);
    session.change(isKnown ? 'authenticated' : 'anonymous', error);
  };
  try {
    const stored = await session.stored();
    if (identity !== session.identity) return;
    if (stored) session.load(stored);
    if (!stored || mode === 'lazy') return settle();
    if (renewal.isEnding(stored)) await renewal.renew(stored.access_token);
    else session.onTokens(stored);
    await wire.bodyOf(await renewal.send({ method: 'GET', url: '/auth/me' }));
    settle();
  } catch (error) {
    settle(error);
  }
};

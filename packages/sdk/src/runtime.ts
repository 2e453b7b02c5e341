/**
 * The engine under the client, for the drop-in clients of this repository, which bundle it. It is not a published entry:
 * outside of the repository these names promise nothing.
 */
export * from './client.ts';
export * from './error.ts';
export * from './limit.ts';
export * from './operations.ts';
export * from './options.ts';
export * from './page.ts';
export * from './retry.ts';
export * from './token.ts';
export * from './transport.ts';
export * from './wire.ts';

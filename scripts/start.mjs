/** `npm start`: builds, then serves in this same process, so that a signal reaches the server itself. */
await import('./build.mjs');
await import('../packages/server/dist/main.js');

/** `npm run demo`: builds what it needs, then does the main job on ten thousand people (scripts/demo/main.ts). */
await import('./build.mjs');
await import('./demo/main.ts');

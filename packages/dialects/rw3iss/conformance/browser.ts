/** A browser, where the machine has one, and pages in it that hold the clients as they are built. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import type { ManagementClient } from '@reeve/authing';
import type { ReeveManagement } from '@reeve/sdk';
import type { BrowserContext, Page } from 'playwright-core';
import type * as library from '../client/index.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where Chromium is, if it is on the PATH. */
export const findBrowser = (): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((file) => existsSync(file));

const packages = new URL('../../../', import.meta.url);
const FOLDERS = ['dialects/rw3iss/dist/esm', 'sdk/dist/esm', 'dialects/authing/dist/esm'];
const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">
import * as library from '/dialects/rw3iss/dist/esm/index.js';
import { ReeveManagement } from '/sdk/dist/esm/index.js';
import { ManagementClient } from '/dialects/authing/dist/esm/index.js';
Object.assign(globalThis, { library, ReeveManagement, ManagementClient, told: [] });
</script>`;

/** What the clients are built to, by where it is. Throws where they are not built. */
async function modules(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const folder of FOLDERS) {
    const names = await readdir(new URL(folder, packages)).catch((cause: unknown) => {
      throw new Error('The clients are not built: npm run build.', { cause });
    });
    for (const name of names.filter((each) => each.endsWith('.js')))
      found.set(`/${folder}/${name}`, await readFile(new URL(`${folder}/${name}`, packages), 'utf8'));
  }
  return found;
}

export interface Site extends AsyncDisposable {
  /** What its pages call themselves. */
  readonly origin: string;
  /** The same pages, at another origin. */
  readonly otherOrigin: string;
}

/** Serves the pages. */
export async function startSite(): Promise<Site> {
  const files = await modules();
  const server = createServer(({ url = '' }, response) => {
    const file = files.get(url);
    response.setHeader('content-type', file === undefined ? 'text/html' : 'text/javascript');
    response.end(file ?? PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://localhost:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The globals of a page. */
export interface Held {
  readonly library: typeof library;
  readonly ReeveManagement: typeof ReeveManagement;
  readonly ManagementClient: typeof ManagementClient;
  readonly localStorage: Readonly<Record<string, string>>;
  client: library.AuthClient;
  /** What the client told since it was settled who is signed in. */
  readonly told: library.AuthEvent[];
}

/** A page that holds the clients. */
export class Tab {
  readonly page: Page;
  constructor(page: Page) {
    this.page = page;
  }

  static async open(context: BrowserContext, origin: string): Promise<Tab> {
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    return new Tab(page);
  }

  /** Runs a function there. It sees nothing of here but what it is given, which is JSON. */
  run<Result>(there: (held: Held) => Result): Promise<Awaited<Result>>;
  run<Result, Given>(there: (held: Held, given: Given) => Result, given: Given): Promise<Awaited<Result>>;
  run<Result, Given>(there: (held: Held, given: Given) => Result, given?: Given): Promise<Awaited<Result>> {
    return this.page.evaluate(`(${there})(globalThis, ${JSON.stringify(given)})`);
  }

  /** Makes the client of the page, as it is by default but for the options; the status when that is settled. */
  start(options: library.AuthClientConfig): Promise<library.AuthStatus> {
    return this.run(async (held, config) => {
      held.client = held.library.createAuthClient(config);
      const { status } = await held.client.ready();
      for (const type of ['logged_out', 'status_changed'] as const)
        held.client.on(type, (event) => held.told.push(event));
      return status;
    }, options);
  }

  login(email: string, password: string): Promise<string | undefined> {
    return this.run(
      async ({ client }, input) => {
        await client.auth.login(input);
        return client.auth.getCurrentUser()?.email;
      },
      { email, password },
    );
  }

  /** The first event of a type that its client tells, or told already. */
  heard(type: 'logged_out' | 'status_changed'): Promise<library.AuthEvent> {
    return this.run(
      ({ client, told }, wanted) =>
        new Promise<library.AuthEvent>((resolve) => {
          const event = told.find((known) => known.type === wanted);
          if (event) resolve(event);
          else client.on<'logged_out' | 'status_changed'>(wanted, resolve);
        }),
      type,
    );
  }
}

/** The composition root: opens the directory, founds it where it is empty, serves it, and closes it in order. */
import { once } from 'node:events';
import type { Server as TlsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import {
  type Clock,
  createAttempts,
  createEventSignal,
  createPasswordHasher,
  createVault,
  type Database,
  interruptJobs,
  MemoryTallies,
  migrate,
  openDatabase,
  type PasswordHasher,
  type Services,
  startHousekeeping,
  startSharing,
  systemClock,
} from '@reeve/core';
import { type App, type AppOptions, createApp, type Limits } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { foundDirectory } from './founding.ts';
import type { ImportMeans } from './import/run.ts';
import { createImportThreads } from './import/threads.ts';
import { createJobRunner } from './jobs/runner.ts';
import { createDatabaseShelf, createDiskShelf } from './jobs/shelf.ts';
import { createSpool } from './jobs/spool.ts';
import { createCourier } from './mail/courier.ts';
import { createFileTransport } from './mail/files.ts';
import { createSmtpTransport } from './mail/smtp.ts';
import { createRuleThreads } from './rules/engine.ts';
import { checkSecretKey, databaseError, listenError } from './startup.ts';
import { reservedHosts, type Tenancy } from './tenancy.ts';

export interface ReeveOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** What the operator reads. Default: standard output. */
  readonly log?: (line: string) => void;
  /** Bounds in time that tests shorten. */
  readonly limits?: Limits;
  /** Default: argon2id at its usual cost. Tests that are not about hashes bring a cheaper one. */
  readonly hasher?: PasswordHasher;
}

export interface Reeve {
  readonly url: string;
  /** Of the TLS listener, where there is one. */
  readonly httpsUrl: string | undefined;
  readonly services: Services;
  readonly tenancy: Tenancy;
  /** Once the native API is loaded, which a server that listens need not be. */
  readonly warmed: Promise<void>;
  /** Stops listening, lets running requests end, closes the database. */
  close(): Promise<void>;
}

export async function startReeve({
  environment,
  clock = systemClock,
  log = console.log,
  limits,
  hasher = createPasswordHasher(),
}: ReeveOptions): Promise<Reeve> {
  const config = readConfig(environment);
  const transport =
    config.smtpUrl === undefined ? createFileTransport(config.dataDir) : createSmtpTransport(config.smtpUrl);
  const database = await openDirectory(config);
  // SQLite serves one process: what its last one was doing was cut off. On PostgreSQL another node may be at it.
  if (database.dialect === 'sqlite') await database.write(interruptJobs);
  let revalidate = () => {};
  let forgetKeys = () => {};
  let wakeCourier = () => {};
  let forgetTenants = () => {};
  let wakeRunner = () => {};
  const isShared = database.dialect === 'postgres';
  const folder = join(config.dataDir, 'imports');
  const shelf = isShared ? createDatabaseShelf(database) : createDiskShelf(folder);
  const spool = createSpool(folder, config.importLimit, shelf);
  const vault = createVault(config.secretKey);
  const tallies = new MemoryTallies(clock, isShared);
  const rules = createRuleThreads();
  const imports: ImportMeans = { threads: createImportThreads(), secretKey: config.secretKey };
  const services: Services = {
    database,
    rules,
    clock,
    vault,
    hasher,
    attempts: createAttempts({ clock, tallies, vault }, { isLimited: config.rateLimit !== undefined }),
    onMail: () => wakeCourier(),
    onAccessChange: () => revalidate(),
    onKeyChange: () => forgetKeys(),
    reservedHosts: reservedHosts(config),
    eventSignal: createEventSignal(),
    onTenantChange: () => forgetTenants(),
    onJob: () => wakeRunner(),
    spool,
  };
  const { announce, app, tls } = await prepare({ services, config, tallies, imports, limits }).catch(
    async (error: unknown) => {
      await database.close();
      throw error;
    },
  );
  revalidate = () => {
    app.rooms.guard.revalidate();
    app.oidc.revalidate();
    app.origins.forget();
  };
  forgetKeys = () => {
    app.rooms.guard.forgetKeys();
    app.rooms.signer.forget();
    app.oidc.forgetKeys();
  };
  forgetTenants = app.rooms.tenancy.forget;
  try {
    await listen(app, tls, config);
  } catch (error) {
    await app.http.close();
    await database.close();
    throw error;
  }
  const url = config.publicUrl ?? urlOf('http', config.host, app.http.server);
  if (announce) log(announce(url));
  log(`listening on ${url}`);
  const courier = createCourier({ services, transport, log });
  wakeCourier = courier.wake;
  // Nobody else counts for an embedded database.
  const sharing = isShared
    ? startSharing(tallies, database, (error) => app.http.log.error({ err: error }, 'counts could not be shared'))
    : undefined;
  const housekeeping = startHousekeeping(services, (error) =>
    app.http.log.error({ err: error }, 'housekeeping failed'),
  );
  const runner = createJobRunner({
    services,
    spool,
    imports,
    onError: (error) => app.http.log.error({ err: error }, 'a job failed'),
  });
  wakeRunner = runner.wake;
  courier.wake();
  // Nobody waits for it: the first request does, if it comes before.
  const warmed = app
    .warm()
    .catch((error: unknown) => app.http.log.error({ err: error }, 'the API could not be loaded'));
  return {
    url,
    httpsUrl: tls && urlOf('https', config.host, tls),
    services,
    tenancy: app.rooms.tenancy,
    warmed,
    async close() {
      const encrypted = tls && new Promise((resolve) => tls.close(resolve));
      await Promise.all([app.http.close(), encrypted]);
      await rules.close();
      await runner.close();
      await imports.threads.close();
      await courier.close();
      await housekeeping.stop();
      await sharing?.stop();
      await database.close();
    },
  };
}

/** Opens the database and brings it to the newest schema; what is wrong with it is told in one line. */
async function openDirectory(config: Config): Promise<Database> {
  let database: Database | undefined;
  try {
    database = openDatabase(config.databaseUrl);
    await migrate(database);
    return database;
  } catch (error) {
    await database?.close().catch(() => {});
    throw databaseError(error, config);
  }
}

/** Everything that can go wrong before the first port is opened. */
async function prepare(options: AppOptions) {
  const { services, config } = options;
  await checkSecretKey(services.database, services.vault);
  await checkPorts(config);
  const app = createApp(options);
  // Loaded by those who ask for it only.
  const tls =
    config.httpsPort === undefined
      ? undefined
      : (await import('./tls/listener.ts')).createTlsServer({
          config,
          clock: services.clock,
          answer: app.http.routing,
          headersTimeout: app.http.server.headersTimeout,
          keepAliveTimeout: app.http.server.keepAliveTimeout,
        });
  if (tls) app.drain.watch(tls as never);
  // Last of all: its credentials are shown once, and what fails before they are shown must leave nothing founded.
  const announce = await foundDirectory(services, config);
  return { announce, app, tls };
}

/**
 * Finds out whether the ports can be had. Without it a first start whose port is in use would found the directory and
 * end before its credentials, which are shown once, were shown.
 */
async function checkPorts(config: Config): Promise<void> {
  const { host, port, httpsPort } = config;
  const wanted = [
    ['REEVE_HTTPS_PORT', httpsPort],
    ['REEVE_PORT', port],
  ] as const;
  const probes: Server[] = [];
  try {
    for (const [variable, number] of wanted) {
      if (number === undefined) continue;
      const probe = createServer().listen({ host, port: number });
      await once(probe, 'listening').catch((error: unknown) => {
        throw listenError(error, config, variable, number);
      });
      probes.push(probe);
    }
  } finally {
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}

/** Opens the encrypted listener first: where the plain one answers, everything does. */
async function listen(app: App, tls: TlsServer | undefined, config: Config): Promise<void> {
  await app.http.ready();
  if (tls) {
    const port = config.httpsPort as number;
    await new Promise<void>((resolve, reject) => {
      tls.once('error', reject).listen({ host: config.host, port }, () => resolve(void tls.off('error', reject)));
    }).catch((error: unknown) => {
      throw listenError(error, config, 'REEVE_HTTPS_PORT', port);
    });
  }
  await app.http.listen({ host: config.host, port: config.port }).catch((error: unknown) => {
    tls?.close();
    throw listenError(error, config, 'REEVE_PORT', config.port);
  });
}

const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The URL under which a listener is reached from this machine. */
function urlOf(scheme: 'http' | 'https', host: string, server: Pick<TlsServer, 'address'>): string {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const name = ANY_ADDRESS[host] ?? host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/**
 * A certificate authority of one's own, for TLS without any set-up: its certificate is what clients are told to trust
 * (`<data dir>/tls/ca.pem`), and it signs one certificate for the names under which this machine reaches itself. Owns the
 * invariant that both are valid for a while yet whenever they are handed out, and that nobody else can read their keys.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { signCertificate } from './certificate.ts';

const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
const CERTIFICATE_DAYS = 397;
/** A certificate that ends within this time is made anew; the authority's outlives every one that it signs. */
const RENEW_DAYS = 30;
/** For clients whose clocks are behind. */
const BACKDATED = DAY;

/** PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
}

interface Pair {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  readonly pem: Credentials;
}

const pairOf = (pem: Credentials): Pair => ({
  certificate: new X509Certificate(pem.cert),
  key: createPrivateKey(pem.key),
  pem,
});

function readPair(folder: string, name: string): Pair | undefined {
  try {
    const pair = pairOf({
      cert: readFileSync(join(folder, `${name}.pem`), 'utf8'),
      key: readFileSync(join(folder, `${name}.key`), 'utf8'),
    });
    return pair.certificate.checkPrivateKey(pair.key) ? pair : undefined;
  } catch {
    // Missing or damaged: made anew.
    return undefined;
  }
}

/** Whole or not at all: a reader never finds half a file. */
function put(path: string, text: string, mode: number): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, text, { mode });
  renameSync(draft, path);
}

function writePair(folder: string, name: string, { pem }: Pair): void {
  mkdirSync(folder, { recursive: true });
  put(join(folder, `${name}.key`), pem.key, 0o600);
  put(join(folder, `${name}.pem`), pem.cert, 0o644);
}

const lasts = ({ certificate }: Pair, until: number): boolean => certificate.validToDate.getTime() > until;
const subjectOf = ({ certificate }: Pair): string => certificate.subject.replace(/^CN=/, '');
const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

function make(now: number, days: number, subject: string, names?: readonly string[], authority?: Pair): Pair {
  const key = newKey();
  const cert = signCertificate({
    subject,
    key,
    issuer: authority ? { subject: subjectOf(authority), key: authority.key } : { subject, key },
    notBefore: now - BACKDATED,
    notAfter: now + days * DAY,
    ...(names ? { names } : {}),
  });
  return pairOf({ cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string });
}

const covers = ({ certificate }: Pair, name: string): boolean =>
  (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;

/** The server's certificate and key for these names, from `folder`; what is missing, damaged or about to end is made. */
export function certify(folder: string, names: readonly string[], now: number): Credentials {
  let authority = readPair(folder, 'ca');
  if (!authority?.certificate.ca || !lasts(authority, now + (CERTIFICATE_DAYS + RENEW_DAYS) * DAY)) {
    // Named apart, so that no client mistakes one authority for another.
    authority = make(now, AUTHORITY_DAYS, `Reeve ${randomBytes(4).toString('hex')}`);
    writePair(folder, 'ca', authority);
  }
  const { certificate } = authority;
  const known = readPair(folder, 'server');
  const isGood =
    known?.certificate.checkIssued(certificate) &&
    known.certificate.verify(certificate.publicKey) &&
    lasts(known, now + RENEW_DAYS * DAY) &&
    names.every((name) => covers(known, name));
  if (known && isGood) return known.pem;
  const made = make(now, CERTIFICATE_DAYS, 'Reeve', names, authority);
  writePair(folder, 'server', made);
  return made.pem;
}

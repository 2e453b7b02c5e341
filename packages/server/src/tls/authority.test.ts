import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { certify } from './authority.ts';

const DAY = 86_400_000;
const names = ['localhost', '127.0.0.1', '::1', 'id.example.com', '2001:db8::10'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reeve-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const authority = () => new X509Certificate(readFileSync(join(folder, 'ca.pem')));

it('signs a certificate for every name, as a server, by an authority that signs no other authority', () => {
  const certificate = new X509Certificate(certify(folder, names, Date.now()).cert);
  for (const name of ['localhost', 'id.example.com']) expect(certificate.checkHost(name)).toBe(name);
  for (const name of ['127.0.0.1', '::1', '2001:db8::10']) expect(certificate.checkIP(name)).toBeDefined();
  expect(certificate.checkHost('example.com')).toBeUndefined();
  expect(certificate.ca).toBe(false);
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(authority().ca).toBe(true);
  expect(certificate.checkIssued(authority())).toBe(true);
  expect(certificate.verify(authority().publicKey)).toBe(true);
  expect(authority().verify(authority().publicKey)).toBe(true);
});

it('keeps what is good, and renews what ends soon, is damaged, or lacks a name', () => {
  const now = Date.now();
  const first = certify(folder, names, now);
  const ca = authority().fingerprint256;
  expect(certify(folder, names, now + 300 * DAY)).toEqual(first);
  const later = certify(folder, names, now + 370 * DAY);
  expect(later.cert).not.toBe(first.cert);
  expect(authority().fingerprint256).toBe(ca);
  const named = certify(folder, [...names, 'other.example.com'], now + 370 * DAY);
  expect(new X509Certificate(named.cert).checkHost('other.example.com')).toBeDefined();
  writeFileSync(join(folder, 'server.key'), 'damaged');
  expect(certify(folder, names, now + 370 * DAY).key).toContain('PRIVATE KEY');
  expect(authority().fingerprint256).toBe(ca);
  const last = certify(folder, names, now + 9.5 * 365 * DAY);
  expect(authority().fingerprint256).not.toBe(ca);
  expect(new X509Certificate(last.cert).verify(authority().publicKey)).toBe(true);
});

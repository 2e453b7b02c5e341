/** X.509 v3 certificates (RFC 5280) with P-256 keys, in DER: just what an authority of one's own needs. */
import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts);
const explicit = (number: number, content: Uint8Array) => tlv(0xa0 + number, content);
const octets = (content: Uint8Array) => tlv(0x04, content);
const bits = (unused: number, content: Uint8Array) => tlv(0x03, Buffer.from([unused]), content);
/** `bytes` must begin with a bit 0 and no needless zero byte. */
const integer = (bytes: readonly number[] | Uint8Array) => tlv(0x02, Buffer.from(bytes));
const yes = tlv(0x01, Buffer.from([0xff]));

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 127];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 127) | 128);
    return groups;
  });
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

/** Years from 2050 on take the longer form. */
function time(instant: number): Buffer {
  const digits = new Date(instant).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '');
  return digits < '2050' ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

const commonName = (text: string) => sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(text)))));

const extension = (id: string, value: Uint8Array, isCritical = false) =>
  sequence(oid(id), ...(isCritical ? [yes] : []), octets(value));

function addressBytes(ip: string): Buffer {
  if (isIP(ip) === 4) return Buffer.from(ip.split('.').map(Number));
  // The URL parser spells an address in hexadecimal groups only.
  const [head = '', tail] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::');
  const groups = head.split(':').filter(Boolean);
  if (tail !== undefined) {
    const rest = tail.split(':').filter(Boolean);
    groups.push(...Array<string>(8 - groups.length - rest.length).fill('0'), ...rest);
  }
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

const alternativeName = (name: string) =>
  isIP(name) ? tlv(0x87, addressBytes(name)) : tlv(0x82, Buffer.from(name, 'ascii'));

const keyIdOf = (spki: Uint8Array) => createHash('sha1').update(spki.subarray(-65)).digest();
const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });

export interface CertificateDraft {
  readonly subject: string;
  readonly key: KeyObject;
  readonly issuer: { readonly subject: string; readonly key: KeyObject };
  readonly notBefore: number;
  readonly notAfter: number;
  /** Host names and addresses of a server; undefined: the certificate of an authority. */
  readonly names?: readonly string[];
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

/** Signs a certificate. Returns PEM. */
export function signCertificate({ subject, key, issuer, notBefore, notAfter, names }: CertificateDraft): string {
  const spki = spkiOf(key);
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  const uses = names
    ? [
        extension('2.5.29.19', sequence(), true),
        extension('2.5.29.15', bits(7, Buffer.from([0x80])), true),
        extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'))),
        extension('2.5.29.17', sequence(...names.map(alternativeName))),
      ]
    : [
        extension('2.5.29.19', sequence(yes, integer([0])), true),
        extension('2.5.29.15', bits(1, Buffer.from([0x06])), true),
      ];
  const signed = sequence(
    explicit(0, integer([2])),
    integer(serial),
    ECDSA_WITH_SHA256,
    commonName(issuer.subject),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    spki,
    explicit(
      3,
      sequence(
        ...uses,
        extension('2.5.29.14', octets(keyIdOf(spki))),
        extension('2.5.29.35', sequence(tlv(0x80, keyIdOf(spkiOf(issuer.key))))),
      ),
    ),
  );
  const der = sequence(signed, ECDSA_WITH_SHA256, bits(0, sign('sha256', signed, issuer.key)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

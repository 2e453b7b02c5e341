/**
 * An id's 128 bits spelled as a UUID (RFC 9562 §4, text form), where a vendor shows UUIDs. The prefix is not part of
 * them: the place where a UUID stands tells which kind of thing it names.
 */
import { isId, type Prefix } from './id.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether `text` has the form of a UUID, of whatever version. */
export const isUuid = (text: string): boolean => UUID.test(text);

/** The UUID of an id. */
export function uuidOf(id: string): string {
  let bits = 0n;
  for (const digit of id.slice(id.indexOf('_') + 1)) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(digit));
  const hex = bits.toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The id that a UUID spells, or an id that is given as it is; anything else gives the empty text, which names nothing. */
export function idOfUuid(prefix: Prefix, uuid: string): string {
  if (!isUuid(uuid)) return isId(prefix, uuid) ? uuid : '';
  let bits = BigInt(`0x${uuid.replaceAll('-', '')}`);
  let text = '';
  for (let i = 0; i < 26; i++, bits >>= 5n) text = ALPHABET[Number(bits & 31n)] + text;
  return `${prefix}_${text}`;
}

/**
 * Where the server connects to for somebody who does not run it. Owns the invariant that a host that a tenant names leads
 * to public addresses only: what its name resolves to is judged, and exactly that is connected to, so that a name can't
 * mean one thing to the judge and another to the connection.
 */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, connect, isIP, type Socket } from 'node:net';

/** Not of the public Internet (IANA's special-purpose registries, RFC 6890), multicast and reserved addresses among them. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Of the global unicast addresses: those that carry an IPv4 address inside (Teredo, 6to4), and documentation's. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function listOf(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
const specialIpv4 = listOf(SPECIAL_IPV4, 'ipv4');
const specialIpv6 = listOf(SPECIAL_IPV6, 'ipv6');
const globalIpv6 = listOf(['2000::/3'], 'ipv6');

/** Whether an IP address is one of the public Internet. What is written another way than usual (`127.1`) is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !specialIpv4.check(address, 'ipv4');
  // IPv4 addresses that are written as IPv6 are outside the global ones.
  return isIP(address) === 6 && globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

/** A host that is none of the public Internet's. */
export class HostNotPublic extends Error {
  readonly code = 'EHOSTNOTPUBLIC';
  constructor(host: string) {
    super(`${host} is not a host of the public Internet; only the default tenant may name another.`);
  }
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  told: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Resolves a name to its public addresses, for `net.connect`; fails where it has none. */
export const lookupPublic =
  (resolve: Resolve = lookup) =>
  (
    hostname: string,
    options: LookupOptions,
    told: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ): void =>
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return told(error, []);
      const left = addresses.filter(({ address }) => isPublicAddress(address));
      told(left.length > 0 ? null : new HostNotPublic(hostname), left);
    });

const CONNECT_MILLISECONDS = 10_000;

/** Connects to a public host. Throws `HostNotPublic`. */
export function connectPublic(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // An address is not looked up.
    if (isIP(host) !== 0 && !isPublicAddress(host)) return reject(new HostNotPublic(host));
    const socket = connect({
      host,
      port,
      autoSelectFamily: true,
      lookup: lookupPublic() as never,
      timeout: CONNECT_MILLISECONDS,
    });
    const late = () => {
      socket.destroy();
      reject(Object.assign(new Error(`${host} did not answer.`), { code: 'ETIMEDOUT' }));
    };
    socket.once('error', reject).once('timeout', late);
    socket.once('connect', () => {
      socket.off('error', reject).off('timeout', late).setTimeout(0);
      resolve(socket);
    });
  });
}

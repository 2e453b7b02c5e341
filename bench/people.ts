/** Realistic, reproducible people: the same number is the same person in every directory. */

const GIVEN =
  'Amelia Noah Zoë Oliver Isla George Ava Arthur Lily Muhammad Freya Leo Florence Jack Rosie Theo Sophia Oscar Ivy Freddie Aarav Yuki Haruto Sakura Mateo Lucía Santiago Valentina Łukasz Zofia Jan Anna Dmitri Olga Ivan Svetlana Chidi Amara Kwame Ama Fatima Omar Layla Yusuf Nguyen Linh Minh Mei Wei Jing Björn Astrid Lars Ingrid Søren Freja Aino Eetu Matteo Giulia Lorenzo Chiara Hans Greta Jürgen Petra Pierre Camille Étienne Margaux João Beatriz Rui Inês Ahmed Nour Hassan Salma Raj Priya Arjun Ananya'.split(
    ' ',
  );
const FAMILY =
  'Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts Green Hall Wood Jackson Clarke Khan Lewis James Phillips Ali Mason Mitchell Rose Davis Rodríguez García Martínez López González Hernández Kowalski Nowak Wiśniewski Wójcik Ivanov Petrov Sidorov Okafor Mensah Diallo Traoré Tanaka Suzuki Sato Watanabe Nakamura Wang Li Zhang Chen Liu Yang Tran Pham Hoang Nilsson Andersson Hansen Olsen Virtanen Korhonen Rossi Bianchi Ferrari Esposito Müller Schmidt Schneider Fischer Weber Dubois Laurent Moreau Lefèvre Silva Santos Ferreira Oliveira Costa Hussein Farouk Mansour Sharma Gupta Reddy Iyer Nair'.split(
    ' ',
  );
const CITIES = ['London', 'Osaka', 'Lagos', 'Kraków', 'São Paulo', 'Hanoi', 'Turin', 'Göteborg'];
const DOMAINS = ['example.com', 'mail.example.org', 'corp.example.net', 'people.example'];

/** A well-mixed 32-bit number (Murmur3's finaliser): neighbours have nothing in common. */
const mix = (n: number): number => {
  let h = Math.imul(n ^ (n >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

const ascii = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[^a-zA-Z]/g, '')
    .toLowerCase();

export interface Person {
  readonly email: string;
  readonly email_verified: boolean;
  readonly name: string;
  readonly given_name: string;
  readonly family_name: string;
  readonly user_metadata: Record<string, unknown>;
  readonly app_metadata: Record<string, unknown>;
}

export function person(n: number): Person {
  const seed = mix(n + 1);
  const given = GIVEN[seed % GIVEN.length] as string;
  const family = FAMILY[mix(seed) % FAMILY.length] as string;
  return {
    email: `${ascii(given)}.${ascii(family)}.${seed.toString(36)}@${DOMAINS[n % DOMAINS.length]}`,
    email_verified: true,
    name: `${given} ${family}`,
    given_name: given,
    family_name: family,
    user_metadata: { city: CITIES[seed % CITIES.length], newsletter: seed % 3 === 0 },
    app_metadata: { plan: seed % 5 === 0 ? 'pro' : 'free', seats: seed % 40 },
  };
}

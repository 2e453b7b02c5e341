/**
 * A door: one client by which the directory is reached, as the matrix drives it and as it reads through it. What a door can't
 * do or show it says, with the reason; nothing is left out silently.
 */

/** Whose protocol a client speaks. Clients of one vendor spell ids alike. */
export const vendors = ['native', 'auth0', 'rw3iss', 'authing'] as const;
export type Vendor = (typeof vendors)[number];

/** What every door is expected to tell of a person, in words that are nobody's own. */
export interface Person {
  name: string | null;
  given_name: string | null;
  family_name: string | null;
  nickname: string | null;
  username: string | null;
  email: string | null;
  email_verified: boolean;
  phone: string | null;
  state: 'active' | 'disabled';
  user_metadata: object;
  app_metadata: object;
  custom_fields: object;
  /** Codes, sorted. */
  groups: readonly string[];
  /** Names, sorted. */
  organizations: readonly string[];
  /** Codes, sorted. */
  roles: readonly string[];
  /** Ids as UUIDs, sorted. */
  sessions: readonly string[];
  is_signed_in: boolean;
}
export type Aspect = keyof Person;

/** As the page calls them. */
export const aspects: Readonly<Record<Aspect | 'id' | 'events', string>> = {
  id: 'id, as the e-mail address and the list tell it',
  name: 'name',
  given_name: 'given name',
  family_name: 'family name',
  nickname: 'nickname',
  username: 'username',
  email: 'e-mail address',
  email_verified: 'verification',
  phone: 'phone',
  state: 'state',
  user_metadata: 'user metadata',
  app_metadata: 'app metadata',
  custom_fields: 'custom fields',
  groups: 'groups',
  organizations: 'organizations',
  roles: 'roles',
  sessions: 'sessions',
  is_signed_in: 'whether signed in',
  events: 'audit events with their actor',
};

export interface Draft {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly given_name: string;
  readonly family_name: string;
  readonly nickname: string;
  readonly username: string;
}
export type Profile = Pick<Draft, 'name' | 'given_name' | 'family_name' | 'nickname'> & { readonly phone: string };
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** What a door changes. Ids are in its own spelling; codes and names are the stage's. */
export interface Changes {
  create(draft: Draft): Promise<void>;
  rename(id: string, profile: Profile): Promise<void>;
  move(id: string, email: string): Promise<void>;
  verify(id: string, email: string): Promise<void>;
  setMetadata(id: string, bags: Pick<Person, 'user_metadata' | 'app_metadata'>): Promise<void>;
  setFields(id: string, values: Readonly<Record<string, unknown>>): Promise<void>;
  joinGroup(id: string): Promise<void>;
  leaveGroup(id: string): Promise<void>;
  joinOrganization(id: string): Promise<void>;
  leaveOrganization(id: string): Promise<void>;
  giveRole(id: string): Promise<void>;
  takeRole(id: string): Promise<void>;
  /** Acts as the person, and ends that session as the person. */
  impersonate(id: string): Promise<void>;
  signIn(credentials: Credentials): Promise<void>;
  endSessions(id: string): Promise<void>;
  disable(id: string): Promise<void>;
  enable(id: string): Promise<void>;
  delete(id: string): Promise<void>;
}
export type Change = keyof Changes;

/** Somebody in an event, by the native id. */
export interface Who {
  readonly type: 'application' | 'user' | 'anonymous';
  readonly id: string | null;
}
export interface Happening {
  /** The native type. */
  readonly type: string;
  readonly actor: Who;
  readonly impersonator: string | null;
  /** What of a user changed that Auth0's log has a code of its own for. */
  readonly changed?: 'email' | 'phone';
}

/** A vendor's log: what it tells of a person, oldest first, and how it has to tell of something. */
export interface Log {
  /** @param since RFC 3339; there is nothing before it */
  read(id: string, since: string): Promise<unknown[]>;
  told(happening: Happening, id: string): unknown;
}

export interface Door {
  /** The client's package. */
  readonly name: string;
  readonly vendor: Vendor;
  /** Who its changes are done by. */
  readonly actor: Who;
  readonly changes: Partial<Changes>;
  /** Why there are no other changes. */
  readonly cannot: Partial<Record<Change, string>>;
  /** What a new person has that nobody asked for, or lacks because the door can't ask for it. */
  readonly birth: Partial<Person>;
  /** Everything that the door shows of somebody. */
  read(id: string): Promise<Partial<Person>>;
  /** Why it shows nothing else. */
  readonly hides: Partial<Record<Aspect | 'events', string>>;
  readonly log?: Log;
  /** The id of who has this e-mail address, in the door's spelling. */
  find(email: string): Promise<string | undefined>;
  /** Ids of the newest users, in the door's spelling. */
  list(): Promise<string[]>;
  /** What the door says where nobody has this id. */
  absence(id: string): Promise<unknown>;
  /** What a refusal says, in the vendor's fields. */
  words(error: unknown): unknown;
}

/** What a call was refused with. Throws where it was not. */
export async function refusalOf(call: Promise<unknown>, { words }: Pick<Door, 'words'>): Promise<unknown> {
  const answer = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in answer) return words(answer.error);
  throw new Error(`Not refused: ${JSON.stringify(answer.value)}`);
}

export const sorted = (texts: Iterable<string>): string[] => [...texts].toSorted();

/** Actions on resources: what a resource declares, what a grant gives, and what is left of a grant. `*` alone is all of them. */
const ALL = '*';

/** In one order, each once. */
const inOrder = (actions: readonly string[]): string[] =>
  actions.includes(ALL) ? [ALL] : [...new Set(actions)].sort((a, b) => (a < b ? -1 : 1));

export interface DeclaredAction {
  readonly name: string;
  readonly description: string | null;
}

export const declaredOf = ({ actions }: { readonly actions: string }): DeclaredAction[] =>
  JSON.parse(actions) as DeclaredAction[];

export const namesOf = (row: { readonly actions: string }): string[] => declaredOf(row).map(({ name }) => name);

/** What a request gives; absent: all. */
export const givenOf = (actions: readonly string[] | undefined): string[] => inOrder(actions ?? [ALL]);

/** The first action that the resource does not declare; one that declares none takes any. */
export const undeclared = (declared: readonly string[], actions: readonly string[]): string | undefined =>
  declared.length === 0 ? undefined : actions.find((action) => action !== ALL && !declared.includes(action));

export const union = (...parts: readonly (readonly string[])[]): string[] => inOrder(parts.flat());

/**
 * What is left of a grant; null: nothing. Undefined where that can't be told: all actions but some, of a resource that names none.
 */
export function without(
  held: readonly string[],
  taken: readonly string[],
  declared: readonly string[],
): string[] | null | undefined {
  if (taken.includes(ALL)) return null;
  if (held.includes(ALL) && taken.length > 0 && declared.length === 0) return undefined;
  const left = expanded(held, declared).filter((action) => !taken.includes(action));
  if (held.includes(ALL) && left.length === declared.length) return [ALL];
  return left.length === 0 && held.length > 0 ? null : left;
}

/** What a grant gives as the resource is now, by name; `*` stays of a resource that names none. */
export const expanded = (held: readonly string[], declared: readonly string[]): string[] =>
  held.includes(ALL) && declared.length > 0 ? inOrder(declared) : [...held];

/** Whether actions (`expanded`) allow one; absent: anything at all. */
export const allows = (actions: readonly string[], action: string | undefined): boolean =>
  action === undefined || actions.includes(ALL) || actions.includes(action);

/** What a GraphQL document says, without how it is written: tests compare documents by it. */

export interface Parsed {
  readonly kind: string;
  readonly name: string;
  /** name → type */
  readonly variables: Record<string, string>;
  readonly root: string;
  /** argument → what it is given */
  readonly args: Record<string, string>;
  /** Paths of what is selected, sorted. */
  readonly selection: string[];
  /** field → argument → what it is given */
  readonly nestedArgs: Record<string, Record<string, string>>;
}

/** Pairs up to the closing bracket: `a: $b, c: $d)`. */
const pairsOf = (tokens: string[]): Record<string, string> => {
  const pairs: Record<string, string> = {};
  while (tokens[0] !== ')') {
    const name = (tokens.shift() as string).replace('$', '');
    tokens.shift();
    pairs[name] = tokens.shift() as string;
  }
  tokens.shift();
  return pairs;
};

const argsOf = (tokens: string[]): Record<string, string> => {
  if (tokens[0] !== '(') return {};
  tokens.shift();
  return pairsOf(tokens);
};

const fieldsOf = (tokens: string[], prefix: string, nestedArgs: Parsed['nestedArgs']): string[] => {
  const paths: string[] = [];
  tokens.shift();
  while (tokens[0] !== '}') {
    const name = tokens.shift() as string;
    const args = argsOf(tokens);
    if (Object.keys(args).length > 0) nestedArgs[name] = args;
    if (tokens[0] === '{') paths.push(...fieldsOf(tokens, `${prefix}${name}.`, nestedArgs));
    else paths.push(`${prefix}${name}`);
  }
  tokens.shift();
  return paths;
};

export const parsed = (document: string): Parsed => {
  const tokens = document.match(/[\w$[\]!]+|[(){}:]/g) ?? [];
  const [kind, name] = tokens.splice(0, 2) as [string, string];
  const variables = argsOf(tokens);
  tokens.shift();
  const root = tokens.shift() as string;
  const args = argsOf(tokens);
  const nestedArgs: Parsed['nestedArgs'] = {};
  const selection = tokens[0] === '{' ? fieldsOf(tokens, '', nestedArgs) : [''];
  return { kind, name, variables, root, args, selection: selection.sort(), nestedArgs };
};

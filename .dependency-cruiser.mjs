/** The one-way rule (docs/ARCHITECTURE.md): contract ← sdk ← clients, and contract ← core ← server. */
const from = (path, pathNot) => ({ path, ...(pathNot ? { pathNot } : {}) });
/** Conformance suites are tests with files of their own, and so are fixtures. */
const tests = '(\\.(test(-d)?|fixture)\\.ts$|/conformance/)';

export default {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'contract-depends-on-nothing',
      severity: 'error',
      from: from('^packages/contract/src', tests),
      to: { pathNot: '^packages/contract/src' },
    },
    {
      name: 'sdk-depends-on-the-contract-only',
      severity: 'error',
      from: from('^packages/sdk/src', tests),
      to: {
        pathNot: ['^packages/(sdk|contract)/src', '^node:', '^(http|https|stream|url|zlib|net|tls|events|buffer)$'],
      },
    },
    {
      name: 'clients-depend-on-the-sdk-only',
      severity: 'error',
      from: from('^packages/dialects/([^/]+/src|(rw3iss|authing)/client)', tests),
      to: { pathNot: ['^packages/dialects/[^/]+/(src|client)', '^packages/(sdk|contract)/src'] },
    },
    {
      name: 'auth0-client-depends-on-the-sdk-only',
      comment: 'It is for Node alone, and bundles the SDK; the server side of the dialect is another thing.',
      severity: 'error',
      from: from('^packages/dialects/auth0/client', `${tests}|/genuine\\.ts$`),
      to: {
        pathNot: ['^packages/dialects/auth0/client', '^packages/(sdk|contract)/src'],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'translators-see-the-contract-and-core-only',
      severity: 'error',
      from: from('^packages/dialects/[^/]+/server', tests),
      to: { path: ['^packages/(server|sdk|testkit)', 'node_modules/(fastify|oidc-provider|kysely|jose)'] },
    },
    {
      name: 'core-knows-no-transport',
      severity: 'error',
      from: from('^packages/core/src', tests),
      to: { path: ['^packages/(server|sdk|dialects|testkit)', 'node_modules/(fastify|oidc-provider|nodemailer|jose)'] },
    },
    {
      name: 'nothing-imports-the-server',
      severity: 'error',
      from: from('^packages/(contract|core|sdk|dialects)', tests),
      to: { path: '^packages/server' },
    },
    {
      name: 'only-the-composition-root-opens-a-database',
      comment: 'Areas see `unit.db` and `work.read` only; the root handle inside a transaction deadlocks.',
      severity: 'error',
      from: from('^packages/core/src/[^/]+/', ['^packages/core/src/database/', tests]),
      to: { path: '^packages/core/src/database/(open|sqlite|postgres)\\.ts$' },
    },
    {
      name: 'one-file-knows-the-internals-of-oidc-provider',
      severity: 'error',
      from: from('^packages', '^packages/server/src/oidc/internals\\.ts$'),
      to: { path: 'node_modules/oidc-provider/lib/(?!index)' },
    },
    {
      name: 'testkit-is-for-tests',
      severity: 'error',
      from: from('^packages/(contract|core|server|sdk|dialects)', tests),
      to: { path: '^packages/testkit' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/|^packages/dialects/auth0/src/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['reeve-source', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs'],
    },
    parser: 'swc',
  },
};

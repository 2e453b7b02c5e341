/**
 * The contract as an OpenAPI 3.1 document. Everything in it comes from the routes' declarations and their doc comments;
 * schemas that several routes share stand once, under `components`.
 */
import { actor, event } from './event.ts';
import { type NamedRoute, routes } from './native.ts';
import { type ProblemCode, problemBody, problems, universal } from './problem.ts';
import { application, secret } from './resources/applications.ts';
import { clientGrant } from './resources/client-grants.ts';
import { connection, passwordPolicy } from './resources/connections.ts';
import { group, member } from './resources/groups.ts';
import { importAnswer, importRow, passwordHash, rowError } from './resources/import.ts';
import { invitation } from './resources/invitations.ts';
import { job } from './resources/jobs.ts';
import { mail } from './resources/mails.ts';
import { organization, organizationMember } from './resources/organizations.ts';
import { permission, userPermission } from './resources/permissions.ts';
import { profile } from './resources/person.ts';
import { resourceServer } from './resources/resource-servers.ts';
import { role } from './resources/roles.ts';
import { session } from './resources/sessions.ts';
import { settings, signingKey, tenant } from './resources/tenants.ts';
import { identity, user, userCreate, userUpdate } from './resources/users.ts';
import { isKeyed, parametersOf, type Route, type Scope, scopes } from './route.ts';
import type { Schema } from './schema.ts';
import { summaries } from './summaries.ts';

type Json = Readonly<Record<string, unknown>>;

const named: Readonly<Record<string, Schema>> = {
  Actor: actor,
  Application: application,
  ApplicationSecret: secret,
  ClientGrant: clientGrant,
  Connection: connection,
  Event: event,
  Group: group,
  Identity: identity,
  ImportAnswer: importAnswer,
  ImportRow: importRow,
  Invitation: invitation,
  Job: job,
  Mail: mail,
  Member: member,
  Organization: organization,
  OrganizationMember: organizationMember,
  PasswordHash: passwordHash,
  PasswordPolicy: passwordPolicy,
  Permission: permission,
  Problem: problemBody,
  Profile: profile,
  ResourceServer: resourceServer,
  Role: role,
  RowError: rowError,
  Session: session,
  Settings: settings,
  SigningKey: signingKey,
  Tenant: tenant,
  User: user,
  UserPermission: userPermission,
  UserCreate: userCreate,
  UserUpdate: userUpdate,
};
const nameOf = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));

/** The schema, with shared ones by reference. */
function refer(schema: unknown, isTop = false): unknown {
  if (Array.isArray(schema)) return schema.map((inner) => refer(inner));
  if (schema === null || typeof schema !== 'object') return schema;
  const name = isTop ? undefined : nameOf.get(schema as Schema);
  if (name) return { $ref: `#/components/schemas/${name}` };
  return Object.fromEntries(Object.entries(schema).map(([keyword, inner]) => [keyword, refer(inner)]));
}

const scopeText = (scope: Scope): string => {
  const [resource = '', action = ''] = scope.split(':');
  return action === 'read' ? `Read ${resource}` : `Create, change and delete ${resource}`;
};

const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
const always = { 'x-request-id': header('RequestId') };
const limited = {
  'ratelimit-limit': header('RateLimitLimit'),
  'ratelimit-remaining': header('RateLimitRemaining'),
  'ratelimit-reset': header('RateLimitReset'),
};

/** A write honours `If-Match` where a stale version is among its refusals. */
const honoursIfMatch = (route: Route): boolean => route.fails?.includes('precondition_failed') === true;

function parametersFor(route: Route): Json[] {
  const inPath = parametersOf(route.path).map((name) => ({
    name,
    in: 'path',
    ...(name === 'application_id' ? { description: 'Id (`app_…`) or OAuth client id' } : {}),
    ...(name === 'resource_server_id' ? { description: 'Id (`api_…`) or identifier, percent-encoded' } : {}),
    required: true,
    schema: { type: 'string' },
  }));
  const { properties = {}, required = [] } = (route.query ?? {}) as Schema;
  const inQuery = Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return {
      name,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      ...(required.includes(name) ? { required: true } : {}),
      schema: refer(rest),
      // Lists are comma-separated.
      ...(schema.type === 'array' ? { style: 'form', explode: false } : {}),
    };
  });
  const shared = [
    ...(isKeyed(route) ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ...(honoursIfMatch(route) ? [{ $ref: '#/components/parameters/IfMatch' }] : []),
  ];
  return [...inPath, ...inQuery, ...shared];
}

const isRows = (media: string): boolean => media === 'application/x-ndjson' || media === 'text/csv';

/** The schema under each media type: of the whole document, or of one row of a stream. */
function contentOf(schema: Schema, medias: readonly string[]): Json {
  const isStream = medias.some(isRows);
  return Object.fromEntries(
    medias.map((media) => {
      if (!isStream) return [media, { schema: refer(schema) }];
      if (!isRows(media)) return [media, { schema: { type: 'array', items: refer(schema) } }];
      return [media, { schema: { type: 'string', description: 'One row a line' }, 'x-row-schema': refer(schema) }];
    }),
  );
}

function bodyOf(route: Route): Json | undefined {
  if (!route.body) return undefined;
  const body = route.body as Schema;
  const isNeeded = body.required !== undefined || body.minProperties !== undefined || route.consumes?.some(isRows);
  return { required: isNeeded === true, content: contentOf(body, route.consumes ?? ['application/json']) };
}

function successOf(route: Route): Json {
  const headers = { ...always, ...limited, ...(route.etag && route.response ? { etag: header('ETag') } : {}) };
  if (!route.response) return { description: 'Done', headers };
  return {
    description: route.status === 201 ? 'Made' : route.status === 202 ? 'Begun' : 'As asked',
    headers,
    content: contentOf(route.response as Schema, route.produces ?? ['application/json']),
  };
}

/** Codes that a request with an `Idempotency-Key` may be answered with. */
const keyed = ['idempotency_in_progress', 'idempotency_mismatch'] as const satisfies readonly ProblemCode[];

/** Every code that the route may answer with: its own, the universal ones, and those of keys. */
export const codesOf = (route: Route): readonly ProblemCode[] => [
  ...new Set([...universal, ...(route.fails ?? []), ...(isKeyed(route) ? keyed : [])]),
];

/** Refusals by status, each with the codes that tell them apart. */
function refusalsOf(route: Route): Json {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codesOf(route)) {
    const [status] = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${problems[code][1]}`).join('; '),
        headers: always,
        content: {
          'application/problem+json': {
            schema: {
              allOf: [{ $ref: '#/components/schemas/Problem' }],
              properties: { code: { type: 'string', enum: codes } },
            },
          },
        },
      },
    ]),
  );
}

function operationOf({ resource, id, route }: NamedRoute): Json {
  const text = summaries[id] ?? '';
  const requestBody = bodyOf(route);
  return {
    operationId: id,
    summary: text.split(/(?<=[.:;])\s/)[0]?.replace(/[.:;]$/, '') ?? text,
    description: text,
    tags: [resource],
    security: route.scope === null ? [] : [{ oauth2: [route.scope] }, { bearer: [] }],
    parameters: parametersFor(route),
    ...(requestBody ? { requestBody } : {}),
    responses: { [String(route.status)]: successOf(route), ...refusalsOf(route) },
    ...(route.emits ? { 'x-events': route.emits } : {}),
  };
}

const headers = {
  RequestId: {
    description: 'Finds the request in the audit log (`GET /audit?request_id=…`)',
    schema: { type: 'string' },
  },
  ETag: { description: 'Version of the resource; send it as `If-Match` with a change', schema: { type: 'string' } },
  RateLimitLimit: { description: 'Requests a minute', schema: { type: 'integer' } },
  RateLimitRemaining: { description: 'Requests left in this minute', schema: { type: 'integer' } },
  RateLimitReset: { description: 'Seconds until the next minute begins', schema: { type: 'integer' } },
};

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Makes the request repeatable for 24 hours: the same key and request get the same answer, once done',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` that was read: the change is refused when the resource has changed since',
    schema: { type: 'string' },
  },
};

/** The document. `version` is the server's. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const named of routes) {
    paths[named.route.path] = {
      ...paths[named.route.path],
      [named.route.verb.toLowerCase()]: operationOf(named),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Reeve',
      version,
      description: 'One user directory, its Management API and sign-in. Errors are RFC 9457 problem details.',
    },
    servers: [{ url: '/api/v1' }],
    tags: [...new Set(routes.map(({ resource }) => resource))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        oauth2: {
          type: 'oauth2',
          description: 'A machine-to-machine application asks for a token with the audience `<origin>/api`.',
          flows: {
            clientCredentials: {
              tokenUrl: '/oauth/token',
              scopes: Object.fromEntries(scopes.map((scope) => [scope, scopeText(scope)])),
            },
          },
        },
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
      headers,
      parameters,
      schemas: Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, refer(schema, true)])),
    },
  };
}

/**
 * Uploads a file of users as a form (RFC 7578). Owns two invariants: the parts are those that the service expects, in
 * its order, and an upload is never repeated.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { send } from './answer.ts';
import type { HttpResponse } from './errors.ts';
import type { ManagerOptions } from './manager.ts';

/** Users to import: the path of a file with a JSON array of them, or that array itself. */
export interface ImportData {
  readonly connection_id: string;
  /** Path of the file. */
  readonly users?: string | URL | undefined;
  /** The content in place of a file. */
  readonly users_json?: string | readonly object[] | undefined;
  /** Changes users that exist; default false: they fail. */
  readonly upsert?: boolean | undefined;
  /** Default true. */
  readonly send_completion_email?: boolean | undefined;
}

/** An upload may take longer than a call (ms). */
const TIMEOUT = 600_000;

interface Part {
  readonly name: string;
  readonly filename?: string;
  readonly value: string;
}

const quoted = (text: string): string => text.replace(/["\r\n]/g, (char) => encodeURIComponent(char));

const formOf = (parts: readonly Part[]): { type: string; body: string } => {
  const boundary = `--------------------------${randomBytes(12).toString('hex')}`;
  const lines = parts.flatMap(({ name, filename, value }) => [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${quoted(filename)}"`}`,
    ...(filename === undefined ? [] : ['Content-Type: application/json']),
    '',
    value,
  ]);
  return { type: `multipart/form-data; boundary=${boundary}`, body: [...lines, `--${boundary}--`, ''].join('\r\n') };
};

const textOf = async ({ users, users_json }: ImportData): Promise<Part> => {
  if (users_json !== undefined && users_json !== null) {
    const value = typeof users_json === 'string' ? users_json : JSON.stringify(users_json);
    return { name: 'users', filename: 'users.json', value };
  }
  const path = users instanceof URL ? fileURLToPath(users) : (users as string);
  return { name: 'users', filename: basename(path), value: await readFile(path, 'utf8') };
};

const dataOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const upload = async (options: ManagerOptions, data: ImportData): Promise<HttpResponse> => {
  const file = await textOf(data);
  const { type, body } = formOf([
    file,
    { name: 'connection_id', value: String(data.connection_id) },
    { name: 'upsert', value: String(data.upsert === true) },
    { name: 'send_completion_email', value: String(data.send_completion_email !== false) },
  ]);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = value;
  headers['content-type'] = type;
  headers.accept = 'application/json, text/plain, */*';
  const { tokenProvider, baseUrl } = options;
  if (tokenProvider) headers.authorization = `Bearer ${await tokenProvider.getAccessToken()}`;
  const url = `${baseUrl}/jobs/users-imports`;
  const { keepAlive, proxy, timeout = TIMEOUT } = options;
  const incoming = await send({ method: 'POST', url, headers, body }, { keepAlive, proxy, timeout });
  const { status, statusText } = incoming;
  const answer = dataOf(incoming.text);
  if (status < 200 || status > 299) {
    const { message } = (typeof answer === 'object' && answer !== null ? answer : {}) as { message?: unknown };
    const text = typeof message === 'string' && message ? message : statusText;
    throw Object.assign(new Error(`cannot POST ${url} (${status})`), { status, method: 'POST', text });
  }
  return { status, statusText, headers: incoming.headers, config: { method: 'post', url }, data: answer };
};

/** Resolves the whole answer. @throws TypeError at once where there are neither `users` nor `users_json` */
export const importUsers = (options: ManagerOptions, data: ImportData): Promise<HttpResponse> => {
  const { users, users_json } = data;
  const isGiven =
    (users_json !== undefined && users_json !== null) || typeof users === 'string' || users instanceof URL;
  if (!isGiven) throw new TypeError('users must be the path of a file; or give users_json');
  return upload(options, data);
};

/** Resolves the job. @throws as importUsers */
export const importJob = (options: ManagerOptions, data: ImportData): Promise<unknown> =>
  importUsers(options, data).then((answer) => answer.data);

/** Problems in Auth0's form, decided by what they are and not by how they are worded. */
import { Problem } from '@reeve/core';
import { expect, it } from 'vitest';
import { refuse } from './problems.ts';

const AT = { part: 'token', row: undefined } as const;

it('tells a missing, a malformed and a refused token apart, whatever their text', () => {
  const texts = ['The Authorization header is odd.', 'Send an access token.', 'Anything.'];
  for (const text of texts) {
    expect(refuse(new Problem('unauthenticated', text, { header: 'malformed' }), AT)).toEqual({
      status: 400,
      body: {
        statusCode: 400,
        error: 'Bad Request',
        message: 'Bad HTTP authentication header format',
        errorCode: 'Bearer',
      },
    });
    expect(refuse(new Problem('unauthenticated', text, { header: 'missing' }), AT)).toEqual({
      status: 401,
      body: {
        statusCode: 401,
        error: 'Unauthorized',
        message: 'Missing authentication',
        attributes: { error: 'Missing authentication' },
      },
      headers: { 'www-authenticate': 'Bearer' },
    });
    expect(refuse(new Problem('unauthenticated', text), AT)).toMatchObject({
      status: 401,
      body: { message: 'Invalid token' },
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
  }
});

it('names what only Auth0 knows as a field of the resource', () => {
  for (const [field, property] of [
    ['extensions.auth0.settings.error_page.html', 'error_page.html'],
    ['extensions.auth0.options.script', 'options.script'],
    ['extensions.authing.settings', 'extensions.authing.settings'],
  ] as const) {
    const problem = new Problem('invalid_request', 'no', {
      errors: [{ field, code: 'maxLength', message: 'Too long.' }],
    });
    expect(refuse(problem, { part: 'operation', row: undefined })).toMatchObject({
      status: 400,
      body: { message: `Payload validation error: 'Too long.' on property ${property}.`, errorCode: 'invalid_body' },
    });
  }
});

/** The one error that operations throw on purpose. Anything else that is thrown is a defect and answers `internal`. */
import { type FieldError, type ProblemCode, problems } from '@reeve/contract';

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  readonly errors: readonly FieldError[] | undefined;
  /** Seconds after which a retry makes sense (`Retry-After`). */
  readonly retryAfter: number | undefined;
  /**
   * Of `unauthenticated`, where no access token could be read: none came, or credentials of another kind (`missing`), or a
   * header that says Bearer and is of another form (`malformed`).
   */
  readonly header: 'missing' | 'malformed' | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      errors?: readonly FieldError[];
      retryAfter?: number;
      header?: 'missing' | 'malformed';
      cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    [this.status, this.title] = problems[code];
    this.errors = more.errors;
    this.retryAfter = more.retryAfter;
    this.header = more.header;
  }

  /** Nothing is wrong with a token: none came. */
  get isMissingToken(): boolean {
    return this.header === 'missing';
  }
}

/** One field broke one rule: `invalid_request` unless the catalogue has a code of its own for it. */
export const fieldProblem = (
  field: string,
  rule: string,
  message: string,
  code: ProblemCode = 'invalid_request',
): Problem => new Problem(code, message, { errors: [{ field, code: rule, message }] });

export const notFound = (kind: string, id: string): Problem =>
  new Problem('not_found', `No ${kind} has the id "${id.slice(0, 128)}".`);

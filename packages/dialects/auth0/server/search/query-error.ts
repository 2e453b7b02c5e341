/** A query that can't be read. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  /** Where in the text, in characters (UTF-16 units) from 0. */
  readonly position: number;

  /** `message` tells what was expected there. */
  constructor(position: number, message: string) {
    super(`At character ${position} of q: ${message}`);
    this.position = position;
  }
}

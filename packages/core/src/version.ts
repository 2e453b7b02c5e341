/**
 * Versions: every change of what somebody set on a resource with an `ETag` counts one up, and a write may demand the version
 * it was made for. What a resource records by itself (a user's sign-ins) is no such change.
 */
import { Problem } from './problem.ts';

/** Throws `precondition_failed` unless the expected version (`If-Match`, RFC 9110 §13.1.1) is the present one. */
export function checkVersion(ifMatch: string | undefined, version: number): void {
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === `"v${version}"`)) {
    throw new Problem(
      'precondition_failed',
      `The resource is at "v${version}" now; read it again and repeat the change.`,
    );
  }
}

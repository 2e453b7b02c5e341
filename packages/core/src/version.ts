/** Versions: every change of a resource with an `ETag` counts one up, and a write may demand the version it was made for. */
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

/** Auth0 merges a metadata bag at its top level only: a name's value is replaced whole, null removes it, `{}` empties the bag. */
import { type Bag, mergeTop } from '@reeve/core';

export const mergeMetadata = (bag: Bag, change: Bag): Bag =>
  Object.keys(change).length === 0 ? {} : mergeTop(bag, change);

/**
 * What an operation returns: a promise that also knows its response, and for a list one that can be iterated. Owns the
 * invariant that a walk over a list begins with the page already asked for, and ends only where the server says so.
 */
import type { Answer } from './transport.ts';

/** The result of an operation: await it, or ask for the response around it. */
export interface Reply<T> extends Promise<T> {
  /** The data together with status, headers, `etag` and `request_id`. */
  withResponse(): Promise<Answer<T>>;
}

/** The result of a list: await it for one page, or iterate it for every item of every page. */
export interface Listing<Page, Item> extends Reply<Page>, AsyncIterable<Item> {
  /** Every page, beginning with the one that was asked for. */
  pages(): AsyncIterable<Page>;
}

/** The part of every page that leads on. */
export interface Cursored {
  readonly next_cursor: string | null;
}

const ignore = () => {};

/** A plain promise (not a subclass), so that stack traces lead through it to the caller's line. */
export const replyOf = <T>(answer: Promise<Answer<T>>): Reply<T> => {
  const reply = answer.then(({ data }) => data) as Reply<T>;
  reply.withResponse = () => {
    // Whoever takes this way handles a failure there; the promise beside it must not count as unhandled.
    reply.catch(ignore);
    return answer;
  };
  return reply;
};

/** `next` asks for the page at a cursor. */
export const listingOf = <Page extends Cursored, Item>(
  answer: Promise<Answer<Page>>,
  itemsOf: (page: Page) => readonly Item[],
  next: (cursor: string) => Promise<Answer<Page>>,
): Listing<Page, Item> => {
  const listing = replyOf(answer) as Listing<Page, Item>;
  listing.pages = async function* () {
    listing.catch(ignore);
    let page = (await answer).data;
    yield page;
    while (page.next_cursor) {
      page = (await next(page.next_cursor)).data;
      yield page;
    }
  };
  listing[Symbol.asyncIterator] = async function* () {
    for await (const page of listing.pages()) yield* itemsOf(page);
  };
  return listing;
};

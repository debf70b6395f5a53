import { type Random } from '../random';
import { NothingToDo, type Transaction, type Transactions } from '../business';
import { type FollowBook } from '../follows';
import { type World } from '../world';

/** What a scenario works with. */
export interface Services {
  readonly business: Transactions;
  readonly world: World;
  readonly follows: FollowBook;
  /** The client library's call: signals running workflows that a post is gone, after its delete was committed. */
  readonly signalPostDeleted: (postId: string) => Promise<void>;
  /** Lets some time go by between two transactions, as people do. */
  readonly pause: (ms: number) => Promise<void>;
}

/** A small story of one to three transactions. */
export interface Scenario {
  readonly name: string;
  /** How often, relative to the others. */
  readonly weight: number;
  /** Most events it commits. It may commit fewer: a rollback, or what it is about is gone. */
  readonly events: number;
  /** Only in the first half of the run: what it leads to takes some time. */
  readonly early?: true;
  run(services: Services, random: Random): Promise<void>;
}

/** Ends the transaction with nothing done when `found` is missing. */
export function orNothing<T>(found: T | undefined): T {
  if (found === undefined) throw new NothingToDo();
  return found;
}

/** Only active people do something. Holds the row, so that someone who leaves at this moment leaves after it. */
export async function requireActive(tx: Transaction, userId: string): Promise<void> {
  const { rowCount } = await tx.query(
    `SELECT 1 FROM business.people WHERE user_id = $1 AND state = 'active' FOR SHARE`,
    [userId],
  );
  if (rowCount === 0) throw new NothingToDo();
}

/** Only published posts can be changed. Holds the row, so that a delete at this moment comes after it. */
export async function requirePublished(tx: Transaction, postId: string): Promise<void> {
  const { rowCount } = await tx.query(
    `SELECT 1 FROM business.posts WHERE post_id = $1 AND status = 'published' FOR SHARE`,
    [postId],
  );
  if (rowCount === 0) throw new NothingToDo();
}

const words = 'light river stone morning quiet paper garden signal window copper winter orbit meadow harbour'.split(
  ' ',
);

/** Some harmless words. */
export function text(random: Random): string {
  return Array.from({ length: random.between(3, 12) }, () => random.pick(words)).join(' ');
}

/** A W3C trace context, as a traced service would hand on. */
export function traceparent(random: Random): string {
  const hex = (length: number) => Array.from({ length }, () => random.below(16).toString(16)).join('');
  return `00-${hex(32)}-${hex(16)}-01`;
}

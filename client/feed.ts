import { type Redis } from 'ioredis';
import { beatKey } from '../feeds/feed-keys';
import { readPage } from '../feeds/read-feed';
import { RedisStoredFeeds } from '../feeds/redis-stored-feeds';
import { SqlFeedTruth, type Statements } from '../feeds/sql-feed-truth';
import { type FeedEntry, defaultFeedCap } from '../feeds/stored-feed';
import { isUuid } from '../runtime/uuid';
import { uuidOf, wholeNumber } from './limits';
import { statementsIn } from './statements-in';

export interface FeedReaderOptions {
  /** A pool of `pg`, or anything with its `query`. Reads the primary: a replica that lags shows what was deleted. */
  readonly database: Statements;
  /** The Redis of the workers, with `keyPrefix` set to the REDIS_KEY_PREFIX of the deployment. One primary, no cluster. */
  readonly redis: Redis;
  /** FEED_CAP of the workers. Default 800. */
  readonly feedCap?: number;
  /** DATABASE_SCHEMA of the deployment. Default `nova`. */
  readonly schema?: string;
}

export interface FeedPost {
  /** UUID. What is shown of the post is the service's own. */
  readonly postId: string;
  /** Epoch milliseconds: when the event that created the post was written. */
  readonly scoreMs: number;
}

export interface FeedPage {
  /** Newest first. */
  readonly posts: readonly FeedPost[];
  /** Give it as `cursor` to read on. Null: the end. */
  readonly next: string | null;
  /**
   * `store`: from Redis, where it keeps what is newest. `tables`: from PostgreSQL alone, since no worker has written to this
   * Redis under this prefix. Right all the same, but slower; at every read it means that `keyPrefix` is wrong.
   */
  readonly source: 'store' | 'tables';
}

/**
 * Reads what a person sees: posts of everyone they follow, also of authors who are too popular to be pushed; without posts
 * that are deleted or archived, and without authors who are hidden. A feed that Redis has lost is rebuilt from PostgreSQL by
 * the read that meets it.
 */
export class FeedReader {
  private readonly truth: SqlFeedTruth;
  private readonly feeds: RedisStoredFeeds;
  private readonly settings: { readonly feedCap: number };
  private isStoreKnown = false;

  /** @throws RangeError when `feedCap` is not a whole number from 10 to 10,000 */
  constructor(private readonly options: FeedReaderOptions) {
    const { database, redis, feedCap = defaultFeedCap, schema } = options;
    this.settings = { feedCap: wholeNumber('feedCap', feedCap, 10, 10_000) };
    this.truth = new SqlFeedTruth(statementsIn(database, schema));
    this.feeds = new RedisStoredFeeds(redis);
  }

  /**
   * One page. A post that is published while a person reads on appears on the first page only; none appears twice.
   * @param userId UUID
   * @param page.limit posts on the page, 1 to 200; default 20
   * @throws RangeError for a limit, a user id or a cursor that is none; what `database` and `redis` throw passes through
   */
  async page(
    userId: string,
    page: { readonly limit?: number; readonly cursor?: string | null | undefined } = {},
  ): Promise<FeedPage> {
    const user = uuidOf('userId', userId);
    const limit = wholeNumber('limit', page.limit ?? 20, 1, 200);
    const before = page.cursor == null ? undefined : entryOf(page.cursor);
    const { feeds, truth, settings } = this;
    const deps = { feeds, truth, settings, isStoreThere: () => this.isStoreThere() };
    const { posts, next, source } = await readPage(deps, user, { limit, before });
    return { posts, next: next === null ? null : cursorOf(next), source };
  }

  private async isStoreThere(): Promise<boolean> {
    this.isStoreKnown ||= (await this.options.redis.exists(beatKey)) === 1;
    return this.isStoreKnown;
  }
}

const cursorOf = ({ scoreMs, postId }: FeedEntry): string => `${scoreMs}.${postId}`;

function entryOf(cursor: string): FeedEntry {
  const [score = '', postId = '', ...rest] = cursor.split('.');
  const scoreMs = Number(score);
  if (/^\d+$/.test(score) && Number.isSafeInteger(scoreMs) && isUuid(postId) && rest.length === 0)
    return { scoreMs, postId };
  throw new RangeError(`cursor ${JSON.stringify(cursor).slice(0, 100)} is none: give \`next\` of the page before`);
}

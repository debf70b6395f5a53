import { randomBytes } from 'node:crypto';
import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

/** One index look-up for each, however many people a reader follows. */
const firstReaders = `
  WITH RECURSIVE readers AS (
    (SELECT follower_id AS id FROM nova.follows ORDER BY follower_id LIMIT 1)
    UNION ALL
    SELECT (SELECT follower_id FROM nova.follows WHERE follower_id > r.id ORDER BY follower_id LIMIT 1)
    FROM readers r WHERE r.id IS NOT NULL
  )
  SELECT id FROM readers WHERE id IS NOT NULL LIMIT $1`;

const bounds = `
  SELECT (SELECT follower_id FROM nova.follows ORDER BY follower_id LIMIT 1) AS "firstReader",
         (SELECT follower_id FROM nova.follows ORDER BY follower_id DESC LIMIT 1) AS "lastReader",
         (SELECT post_id FROM nova.post_states ORDER BY post_id LIMIT 1) AS "firstPost",
         (SELECT post_id FROM nova.post_states ORDER BY post_id DESC LIMIT 1) AS "lastPost"`;

const amongReaders = `
  SELECT f.follower_id AS id FROM unnest($1::uuid[]) AS point (reader) CROSS JOIN LATERAL (
    SELECT follower_id FROM nova.follows WHERE follower_id >= point.reader ORDER BY follower_id LIMIT 1
  ) f`;

/** The follower at the point or after it; else the first one. */
const amongFollowers = `
  SELECT f.follower_id AS id FROM unnest($1::uuid[], $2::uuid[]) AS point (post, reader) CROSS JOIN LATERAL (
    SELECT author_id FROM nova.post_states WHERE post_id >= point.post ORDER BY post_id LIMIT 1
  ) p CROSS JOIN LATERAL (
    (SELECT follower_id FROM nova.follows WHERE followee_id = p.author_id AND follower_id >= point.reader
     ORDER BY follower_id LIMIT 1)
    UNION ALL
    (SELECT follower_id FROM nova.follows WHERE followee_id = p.author_id ORDER BY follower_id LIMIT 1)
    LIMIT 1
  ) f`;

const authors = `SELECT DISTINCT author_id AS id FROM nova.post_states WHERE post_id = ANY ($1::uuid[])`;

interface Bounds {
  readonly firstReader: string | null;
  readonly lastReader: string | null;
  readonly firstPost: string | null;
  readonly lastPost: string | null;
}

/** Random points between the smallest and the largest id, so that ids that begin with a time are all within reach. */
export class PgFeedSample {
  constructor(private readonly database: Database) {}

  /**
   * At most `count` different readers: all of them if there are no more, else chosen at random, half of them among everyone who follows an author, half among the
   * followers of authors of posts chosen at random. The cost depends on `count` only, not on the size of the tables.
   */
  async readers(count: number): Promise<readonly string[]> {
    const first = await this.ids(firstReaders, [count + 1]);
    // Few enough to look at all of them.
    if (first.length <= count) return first;
    const ends = (await query<Bounds>(this.database, bounds, [])).rows[0];
    if (ends?.firstReader == null || ends.lastReader === null || count === 0) return [];
    const { firstReader, lastReader, firstPost, lastPost } = ends;
    const points = Array.from({ length: count }, () => randomUuid(firstReader, lastReader));
    const half = firstPost === null || lastPost === null ? points.length : Math.ceil(points.length / 2);
    const ids = await this.ids(amongReaders, [points.slice(0, half)]);
    if (firstPost !== null && lastPost !== null) {
      const readers = points.slice(half);
      const posts = readers.map(() => randomUuid(firstPost, lastPost));
      ids.push(...(await this.ids(amongFollowers, [posts, readers])));
    }
    return [...new Set(ids)];
  }

  /** Authors of these posts, as far as feeds know them. */
  async authorsOf(postIds: readonly string[]): Promise<readonly string[]> {
    return this.ids(authors, [postIds]);
  }

  private async ids(text: string, values: unknown[]): Promise<string[]> {
    return (await query<{ id: string }>(this.database, text, values)).rows.map(({ id }) => id);
  }
}

/** A UUID between the two, both included. */
function randomUuid(low: string, high: string): string {
  const [from, to] = [low, high].map((id) => BigInt(`0x${id.replaceAll('-', '')}`)) as [bigint, bigint];
  // Twice as many random bits as the range may have: no part of it is preferred by more than one in 2^128.
  const at = from + (BigInt(`0x${randomBytes(32).toString('hex')}`) % (to - from + 1n));
  const hex = at.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

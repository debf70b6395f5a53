import { createHash } from 'node:crypto';
import { type Pool } from 'pg';
import { type Random } from './random';

/** The planned social graph: who writes, and how many follow whom. */
export interface Graph {
  /** Users 0 to users - 1 write; users up to people - 1 only follow. */
  readonly users: number;
  readonly people: number;
  readonly authors: readonly Author[];
  /** Posts of authors with more followers than this are merged by readers instead of pushed into feeds. */
  readonly pullThreshold: number;
}

interface Author {
  /** Also the rank: author 0 has most followers. */
  readonly n: number;
  readonly followers: number;
  /** Follower k is person (first + k * step) modulo people. */
  readonly first: number;
  readonly step: number;
}

/** The same person has the same id in SQL (below) and here. */
export function userId(n: number): string {
  const hex = createHash('md5').update(`nova-demo-user-${n}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Follower of an author: person number for k from 0 to followers - 1. May be the author, who does not follow themselves. */
export function followerOf(graph: Pick<Graph, 'people'>, author: Author, k: number): number {
  return (author.first + k * author.step) % graph.people;
}

/**
 * A long tail: the first account has `followers` followers, the tenth a fifth of it, the typical one a handful. The top
 * account is above the pull threshold, unless so few separate it from the second that the traffic could blur it.
 */
export function planGraph(
  { users, followers, events }: { users: number; followers: number; events: number },
  random: Random,
): Graph {
  // Prime, so that every step walks through everyone before it meets someone twice.
  const people = nextPrime(Math.max(users, followers) + Math.ceil(Math.max(users, followers) * 0.2));
  const authors = Array.from({ length: users }, (_, n) => ({
    n,
    followers: Math.max(1, Math.round(followers * ((1 + head) / (n + 1 + head)) ** 1.5)),
    first: random.below(people),
    step: random.between(1, people - 1),
  }));
  const [top = 0, second = 0] = authors.map((author) => author.followers);
  const clear = top - second > events / 2;
  return { users, people, authors, pullThreshold: clear ? Math.floor((top + second) / 2) : 100_000 + followers };
}

/** Flattens the top: several accounts are huge, not one. */
const head = 4;

const insertPeople = `
  INSERT INTO business.people (n, user_id) SELECT n, md5('nova-demo-user-' || n)::uuid FROM generate_series(0, $1 - 1) n`;
const insertFollows = `
  INSERT INTO nova.follows (followee_id, follower_id)
  SELECT followee.user_id, follower.user_id
  FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) AS author (n, followers, first, step)
  JOIN business.people followee ON followee.n = author.n
  CROSS JOIN LATERAL generate_series(0, author.followers - 1) k
  JOIN business.people follower ON follower.n = (author.first + k::bigint * author.step) % $5
  WHERE follower.n <> author.n
`;

/** What a deployment imports before events write it, and the same for the business. */
const copyFollows = `
  INSERT INTO business.follows (followee_id, follower_id) SELECT followee_id, follower_id FROM nova.follows`;

/** Writes the graph; returns the number of follows. */
export async function insertGraph(pool: Pool, graph: Graph): Promise<number> {
  const { authors } = graph;
  await pool.query(insertPeople, [graph.people]);
  await pool.query('ANALYZE business.people');
  const { rowCount } = await pool.query(insertFollows, [
    authors.map((author) => author.n),
    authors.map((author) => author.followers),
    authors.map((author) => author.first),
    authors.map((author) => author.step),
    graph.people,
  ]);
  await pool.query(copyFollows);
  await pool.query('ANALYZE follows, business.follows');
  return rowCount ?? 0;
}

function nextPrime(from: number): number {
  let candidate = from;
  while (!isPrime(candidate)) candidate += 1;
  return candidate;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false;
  return n > 1;
}

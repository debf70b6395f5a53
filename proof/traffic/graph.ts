import { createHash } from 'node:crypto';
import { type Databases } from '../services';
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
/** The follows of the graph, into a table: computed from the plan, so that each service writes its own without reading another's. */
const insertFollows = (table: string): string => `
  INSERT INTO ${table} (followee_id, follower_id)
  SELECT md5('nova-demo-user-' || author.n)::uuid, md5('nova-demo-user-' || follower.n)::uuid
  FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) AS author (n, followers, first, step)
  CROSS JOIN LATERAL generate_series(0, author.followers - 1) k
  CROSS JOIN LATERAL (SELECT (author.first + k::bigint * author.step) % $5 AS n) follower
  WHERE follower.n <> author.n
`;

/** Writes the graph: what a deployment imports before events write it, and the same for the business. Returns the number of follows. */
export async function insertGraph({ state, services }: Databases, graph: Graph): Promise<number> {
  const { authors } = graph;
  await services.identity.query(insertPeople, [graph.people]);
  await services.identity.query('ANALYZE business.people');
  const plan = [
    authors.map((author) => author.n),
    authors.map((author) => author.followers),
    authors.map((author) => author.first),
    authors.map((author) => author.step),
    graph.people,
  ];
  const { rowCount } = await state.query(insertFollows('nova.follows'), plan);
  await services.social.query(insertFollows('business.follows'), plan);
  await state.query('ANALYZE nova.follows');
  await services.social.query('ANALYZE business.follows');
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

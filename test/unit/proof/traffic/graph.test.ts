import { followerOf, planGraph, userId } from '../../../../proof/traffic/graph';
import { Random } from '../../../../proof/traffic/random';

const plan = (seed: number, sizes = { users: 3_000, followers: 20_000, events: 1_000 }) =>
  planGraph(sizes, new Random(seed));

describe('the planned social graph', () => {
  it('has a long tail: some accounts with more than ten thousand followers, a typical one with a handful', () => {
    const counts = plan(1).authors.map((author) => author.followers);
    expect(counts[0]).toBe(20_000);
    expect(counts.filter((count) => count > 10_000).length).toBeGreaterThanOrEqual(3);
    expect(counts[1_500]).toBeLessThan(10);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  });

  it('gives every author different followers, all of them people', () => {
    const graph = plan(1);
    const [top] = graph.authors;
    const followers = Array.from({ length: top!.followers }, (_, k) => followerOf(graph, top!, k));
    expect(new Set(followers).size).toBe(20_000);
    expect(Math.max(...followers)).toBeLessThan(graph.people);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('puts the top account alone over the pull threshold', () => {
    const { authors, pullThreshold } = plan(1);
    expect(authors.filter((author) => author.followers > pullThreshold).map((author) => author.n)).toEqual([0]);
  });

  it('has no one over the threshold when follows during the run could blur it', () => {
    const { authors, pullThreshold } = plan(1, { users: 200, followers: 50, events: 1_000 });
    expect(authors.some((author) => author.followers > pullThreshold)).toBe(false);
  });

  it('knows people by the ids that the database makes of their numbers', () => {
    expect(userId(5)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  });
});

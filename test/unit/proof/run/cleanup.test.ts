import { Cleanup } from '../../../../proof/run/cleanup';
import { Random } from '../../../../proof/traffic/random';

describe('the cleanup', () => {
  it('undoes in reverse order, each once, whatever the others do', async () => {
    const done: string[] = [];
    const cleanup = new Cleanup();
    cleanup.add('first', async () => done.push('first'));
    cleanup.add('second', () => Promise.reject(new Error('broken')));
    cleanup.add('third', async () => done.push('third'));
    expect(await cleanup.run()).toEqual(['second: broken']);
    expect(await cleanup.run()).toEqual([]);
    expect(done).toEqual(['third', 'first']);
  });
});

describe('seeded random numbers', () => {
  it('are the same for the same seed, and lie in their range', () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 100 }, () => random.between(3, 5));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set(draw(1))).toEqual(new Set([3, 4, 5]));
  });

  it('of a fork do not depend on what else is drawn later', () => {
    const [a, b] = [new Random(1), new Random(1)];
    const [forkA, forkB] = [a.fork(), b.fork()];
    b.next();
    expect(forkA.next()).toBe(forkB.next());
  });
});

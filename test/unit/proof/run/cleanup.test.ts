import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Cleanup } from '../../../../proof/run/cleanup';
import { Random } from '../../../../proof/traffic/random';
import { isGone } from '../../../support/is-gone';
import { waitFor } from '../../../support/wait-for';

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

describe('what a process started', () => {
  /** Starts a sleeper as `start` says, writes its id, and does nothing more. */
  const parent = (start: string) => `
    const { spawn } = require('node:child_process');
    const { endsWithUs } = require('./proof/run/at-our-end');
    const child = ${start};
    console.log(child.pid);
    setInterval(() => undefined, 60_000);`;
  const sleeper = `spawn('sleep', ['600'], { stdio: 'ignore' })`;
  const group = `spawn('sh', ['-c', 'sleep 600 & echo started; wait'], { stdio: 'ignore', detached: true })`;

  it.each([
    ['a process', `endsWithUs(${sleeper})`, ''],
    ['a process with what it started', `endsWithUs(${group}, true)`, '-'],
  ])('ends with it, %s, also when it is killed', async (_, start, sign) => {
    const starter = spawn(process.execPath, ['--import', 'tsx', '-e', parent(start)]);
    const [line] = (await once(createInterface(starter.stdout), 'line')) as [string];
    const started = Number(`${sign}${line}`);
    expect(process.kill(started, 0)).toBe(true);
    starter.kill('SIGKILL');
    await waitFor(() => isGone(started));
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

import { Registry } from 'prom-client';
import { type Dependency, DependencyWatch, createDependencyGauge } from '../../../runtime/dependency-watch';
import { recordingLogger } from '../../support/logger';
import { waitFor } from '../../support/wait-for';

/** Watches; `value` of a series, undefined: not known yet. */
function watch(...dependencies: Dependency[]) {
  const [registry, { logger, lines }] = [new Registry(), recordingLogger()];
  const watching = new DependencyWatch(dependencies, createDependencyGauge(registry), logger);
  const value = async (dependency: string, outbox = ''): Promise<number | undefined> => {
    const [metric] = await registry.getMetricsAsJSON();
    const found = metric?.values.find(
      ({ labels }) => labels['dependency'] === dependency && labels['outbox'] === outbox,
    );
    return found?.value;
  };
  return { watching, value, lines };
}

it('shows a server that replies as 1, one that fails as 0, each by its outbox, and says so once until it is back', async () => {
  let isAway = true;
  let asked = 0;
  const ask = async () => {
    asked++;
    if (isAway) throw new Error('connect ECONNREFUSED 127.0.0.1:5432');
  };
  const { watching, value, lines } = watch(
    { name: 'redis', ask: async () => 'PONG', everyMs: 1 },
    { name: 'postgresql', outbox: 'content', ask, everyMs: 1 },
  );
  await watching.start();
  await waitFor(async () => asked > 5 && (await value('redis')) === 1);
  expect(await value('postgresql', 'content')).toBe(0);
  isAway = false;
  await waitFor(async () => (await value('postgresql', 'content')) === 1);
  await watching.stop();
  expect(lines()).toEqual([
    expect.objectContaining({
      ...{ level: 40, dependency: 'postgresql', outbox: 'content' },
      error: expect.stringContaining('ECONNREFUSED') as string,
    }),
    expect.objectContaining({ level: 30, dependency: 'postgresql', lost_ms: expect.any(Number) as number }),
  ]);
});

it('is not held up by a server that hangs: others are asked on, and it stops at once', async () => {
  let asked = 0;
  const { watching } = watch(
    { name: 'kafka', ask: () => new Promise(() => undefined), everyMs: 1 },
    { name: 'redis', ask: async () => void asked++, everyMs: 1 },
  );
  await watching.start();
  await waitFor(() => asked > 5);
  await watching.stop();
});

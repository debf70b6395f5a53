import { Registry } from 'prom-client';
import { enterOutage } from '../../../outbox-bridge/apply-outcome';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { Fuse } from '../../../outbox-bridge/fuse';
import { partsOfOne } from '../../../outbox-bridge/parts-of-one';
import { Pauses } from '../../../outbox-bridge/pauses';
import { StartWindow } from '../../../outbox-bridge/start-window';
import { silentLogger } from '../../support/logger';

it('names the dependency that is down now, when one outage runs into another', async () => {
  const metrics = createBridgeMetrics(new Registry());
  const now = () => 0;
  const window = new StartWindow({ min: 4, max: 32 });
  const deps = {
    ...partsOfOne(
      { window, logger: silentLogger, now, sleep: () => new Promise(() => undefined) },
      async () => undefined,
    ),
    pauses: new Pauses(now),
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
    metrics,
  };
  enterOutage(deps, 'DATABASE_UNAVAILABLE', 'first');
  enterOutage(deps, 'TEMPORAL_UNAVAILABLE', 'then');
  const { values } = await metrics.outage.get();
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels.code, value]))).toEqual({
    DATABASE_UNAVAILABLE: 0,
    TEMPORAL_UNAVAILABLE: 1,
  });
  expect(deps.outage.active?.code).toBe('TEMPORAL_UNAVAILABLE');
  expect(window.limit).toBe(4);
});

import { Registry } from 'prom-client';
import { applyOutcome, enterOutage } from '../../../outbox-bridge/apply-outcome';
import { type BridgeDeps } from '../../../outbox-bridge/bridge-deps';
import { type SeriesLength } from '../../../outbox-bridge/claim-progress';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { Fuse } from '../../../outbox-bridge/fuse';
import { partsOfOne } from '../../../outbox-bridge/parts-of-one';
import { Pauses } from '../../../outbox-bridge/pauses';
import { type Settlement } from '../../../outbox-bridge/ports';
import { type Settler } from '../../../outbox-bridge/settler';
import { startInOrder } from '../../../outbox-bridge/start-in-order';
import { StartWindow } from '../../../outbox-bridge/start-window';
import { silentLogger } from '../../support/logger';
import { claimedRow } from './claimed-row';

const now = () => 0;

function outcomes() {
  const window = new StartWindow({ min: 4, max: 32, slowMs: 500 });
  return {
    ...partsOfOne(
      { window, logger: silentLogger, now, sleep: () => new Promise(() => undefined) },
      async () => undefined,
    ),
    window,
    pauses: new Pauses(now),
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
    metrics: createBridgeMetrics(new Registry()),
  };
}

it('names the dependency that is down now, when one outage runs into another', async () => {
  const deps = outcomes();
  enterOutage(deps, 'DATABASE_UNAVAILABLE', 'first');
  enterOutage(deps, 'TEMPORAL_UNAVAILABLE', 'then');
  const { values } = await deps.metrics.outage.get();
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels.code, value]))).toEqual({
    DATABASE_UNAVAILABLE: 0,
    TEMPORAL_UNAVAILABLE: 1,
  });
  expect(deps.outage.active?.code).toBe('TEMPORAL_UNAVAILABLE');
  expect(deps.window.limit).toBe(4);
});

function startOne(deps: ReturnType<typeof outcomes>, tookMs: number): void {
  const row = claimedRow();
  applyOutcome(deps, row, { settlement: { kind: 'started', row }, eventType: 'message.edited' }, tookMs);
}

it('starts fewer at once while starts take long: what Temporal works off late, it works off more slowly', () => {
  const deps = outcomes();
  expect(deps.window.limit).toBe(8);
  startOne(deps, 501);
  expect(deps.window.limit).toBe(4);
});

it('learns from the loop how long a start took', async () => {
  let nowMs = 0;
  const deps = {
    ...outcomes(),
    ...{ now: () => nowMs, leaseMs: 60_000, outbox: { name: 'main' }, store: {} },
    limits: { maxAttempts: 5, retentionGuardMs: 3_600_000, unknownPatienceMs: 3_600_000 },
    starter: {
      start: async () => {
        nowMs += 501;
        return { kind: 'started' as const };
      },
    },
  } as unknown as BridgeDeps & { window: StartWindow };
  const settled: string[] = [];
  const settler = { add: ({ kind }: Settlement) => settled.push(kind) } as unknown as Settler;
  const loop = { settler, seriesLength: { took: () => undefined } as unknown as SeriesLength, givesBack: () => false };
  expect(await startInOrder(deps, loop, [claimedRow()], 0)).toBe(1);
  expect(settled).toEqual(['started']);
  expect(deps.window.limit).toBe(4);
});

it('keeps the smallest window until an outage is over, whatever starts that were under way do', () => {
  const deps = outcomes();
  const start = () => startOne(deps, 10);
  enterOutage(deps, 'DATABASE_UNAVAILABLE', 'away');
  for (let i = 0; i < 5; i++) start();
  expect(deps.window.limit).toBe(4);

  deps.outage.end();
  for (let i = 0; i < 5; i++) start();
  expect(deps.window.limit).toBe(5);
});

import { Registry } from 'prom-client';
import { Bridge } from '../../../outbox-bridge/bridge';
import { Fuse } from '../../../outbox-bridge/fuse';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { Pacer } from '../../../outbox-bridge/pacer';
import { partsOfOne } from '../../../outbox-bridge/parts-of-one';
import { Pauses } from '../../../outbox-bridge/pauses';
import { type ClaimRequest } from '../../../outbox-bridge/ports';
import { StartWindow } from '../../../outbox-bridge/start-window';
import { ModelPostgres, newRow } from '../../simulation/model-postgres';
import { silentLogger } from '../../support/logger';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const normal = 2;

/** Everything that can go on without a timer and without a reply of Temporal has done so. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A bridge whose starts end when the test says so, and whose timers never do. */
function createWorld() {
  const postgres = new ModelPostgres(() => 0);
  const claims: ClaimRequest[] = [];
  const starts: (() => void)[] = [];
  const waits: (() => void)[] = [];
  const window = new StartWindow({ min: 8, max: 8 });
  const never = () => new Promise<void>(() => undefined);
  const deps = {
    ...partsOfOne({ window, logger: silentLogger, now: () => 0, sleep: never }, async () => undefined),
    store: {
      claim: async (request: ClaimRequest) => {
        claims.push(request);
        return postgres.claim(request);
      },
      settle: async (settlements: Parameters<ModelPostgres['settle']>[0]) => postgres.settle(settlements),
    },
    starter: {
      start: () =>
        new Promise<{ kind: 'started' }>((resolve) => {
          starts.push(() => resolve({ kind: 'started' }));
        }),
      lookUp: async () => 'unknown' as const,
      probe: async () => undefined,
    },
    pacer: new Pacer({ minMs: 5, maxMs: 20 }, (_, wake) => {
      waits.push(wake);
      return () => undefined;
    }),
    pauses: new Pauses(() => 0),
    fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, () => 0),
    metrics: createBridgeMetrics(new Registry()),
    limits: { maxAttempts: 5, retentionGuardMs: 3_600_000, unknownPatienceMs: 3_600_000 },
    leaseMs: 60_000,
  };
  let sequence = 0;
  const insert = (priority: number): void => {
    sequence += 1;
    postgres.insert(
      newRow({
        ...{ id: uuid(sequence), aggregateId: uuid(sequence), sequence, priority, createdAtMs: 0 },
        ...{ eventType: 'follow.added', payload: { follower_id: uuid(1), followee_id: uuid(2) } },
      }),
    );
  };
  return { bridge: new Bridge(deps), claims, starts, waits, insert };
}

describe('while slots are left for Critical rows alone', () => {
  it('looks for these at the pace of an idle outbox, and claims others as soon as they may be', async () => {
    const { bridge, claims, starts, waits, insert } = createWorld();
    for (let i = 0; i < 20; i++) insert(normal);
    await bridge.start();
    await quiet();
    // Seven of eight slots are taken; one claim found that no Critical row waits.
    expect(starts).toHaveLength(7);
    expect(claims.map(({ lanes }) => lanes.perPriority[normal])).toEqual([7, 0]);

    starts.shift()?.();
    await quiet();
    expect(starts).toHaveLength(7);
    expect(claims.map(({ lanes }) => lanes.perPriority[normal])).toEqual([7, 0, 1, 0]);

    insert(0);
    await quiet();
    expect(starts).toHaveLength(7);
    waits.at(-1)?.();
    await quiet();
    expect(starts).toHaveLength(8);

    const stopped = bridge.stop();
    for (const end of starts) end();
    await stopped;
  });
});

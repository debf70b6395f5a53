import { Registry } from 'prom-client';
import { AloneGate } from '../../../outbox-bridge/alone-gate';
import { Bridge } from '../../../outbox-bridge/bridge';
import { Fuse } from '../../../outbox-bridge/fuse';
import { createBridgeMetrics } from '../../../outbox-bridge/metrics';
import { Pacer } from '../../../outbox-bridge/pacer';
import { partsOfOne } from '../../../outbox-bridge/parts-of-one';
import { Pauses } from '../../../outbox-bridge/pauses';
import { type ClaimRequest, type StartRequest } from '../../../outbox-bridge/ports';
import { StartSlots } from '../../../outbox-bridge/start-slots';
import { StartWindow } from '../../../outbox-bridge/start-window';
import { ModelPostgres, type ModelRow, newRow } from '../../simulation/model-postgres';
import { silentLogger } from '../../support/logger';

export const leaseMs = 10_000;

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Everything that can go on without a timer and without a reply of Temporal has done so. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Start of a row that has no reply yet. */
export interface OpenStart {
  readonly outbox: string;
  readonly id: string;
  end(): void;
}

/**
 * A process that serves some outboxes, over models of their databases. Its starts end when the test says so, its clock stands still but
 * for the test, and its timers end when the test ends them: `waits` those of the idle loops, `sleeps` all others.
 */
export function createWorld(names: readonly string[], window = 8) {
  const clock = { nowMs: 0 };
  const now = (): number => clock.nowMs;
  const startWindow = new StartWindow({ min: window, max: window, slowMs: Infinity });
  const slots = new StartSlots(startWindow);
  const sleeps: { readonly ms: number; end(): void }[] = [];
  const sleep = (ms: number) => new Promise<void>((resolve) => sleeps.push({ ms, end: resolve }));
  const gate = new AloneGate({ now, sleep });
  const starts: OpenStart[] = [];
  const outboxes = new Map(names.map((name) => [name, createOutbox(name)]));
  let sequence = 0;

  function createOutbox(name: string) {
    const postgres = new ModelPostgres(now);
    const claims: ClaimRequest[] = [];
    const waits: (() => void)[] = [];
    const deps = {
      ...partsOfOne({ window: startWindow, logger: silentLogger, now, sleep }, async () => undefined),
      ...{ gate, slots: slots.of(name), outbox: { name } },
      store: {
        claim: async (request: ClaimRequest) => {
          claims.push(request);
          return postgres.claim(request);
        },
        settle: async (settlements: Parameters<ModelPostgres['settle']>[0]) => postgres.settle(settlements),
      },
      starter: {
        start: ({ ref }: StartRequest) =>
          new Promise<{ kind: 'started' }>((resolve) => {
            const start = {
              ...{ outbox: name, id: ref.eventId },
              end: () => {
                starts.splice(starts.indexOf(start), 1);
                resolve({ kind: 'started' });
              },
            };
            starts.push(start);
          }),
        lookUp: async () => 'unknown' as const,
        probe: async () => undefined,
      },
      pacer: new Pacer({ minMs: 5, maxMs: 20 }, (_, wake) => {
        waits.push(wake);
        return () => undefined;
      }),
      pauses: new Pauses(now),
      fuse: new Fuse({ aggregates: 3, patienceMs: Infinity }, now),
      metrics: createBridgeMetrics(new Registry()),
      limits: { maxAttempts: 5, retentionGuardMs: 3_600_000, unknownPatienceMs: 3_600_000 },
      leaseMs,
    };
    return { bridge: new Bridge(deps), postgres, claims, waits };
  }

  return {
    clock,
    starts,
    sleeps,
    of: (name: string) => outboxes.get(name)!,
    /** A row of the outbox, of an aggregate of its own unless it is given. Returns its id. */
    insert: (name: string, priority: number, given: Partial<ModelRow> = {}): string => {
      sequence += 1;
      const id = uuid(sequence);
      const payload = { follower_id: uuid(1), followee_id: uuid(2) };
      const row = { id, aggregateId: id, sequence, priority, createdAtMs: 0, eventType: 'follow.added', payload };
      outboxes.get(name)?.postgres.insert(newRow({ ...row, ...given }));
      return id;
    },
    /** Asks all bridges to stop, and ends every start. */
    stop: async (): Promise<void> => {
      const stopped = Promise.all([...outboxes.values()].map(({ bridge }) => bridge.stop()));
      for (let i = 0; i < 20; i++) {
        for (const start of [...starts]) start.end();
        await quiet();
      }
      await stopped;
    },
  };
}

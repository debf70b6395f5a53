import { Registry } from 'prom-client';
import { createBridgeMetrics } from '../../outbox-bridge/metrics';
import { type ClaimedRow, type Settlement } from '../../outbox-bridge/ports';
import { Settler } from '../../outbox-bridge/settler';
import { silentLogger } from '../support/logger';

const released = (id: string): Settlement => ({ kind: 'released', row: { id } as ClaimedRow });

describe('a row that ends while the last batch is being finished', () => {
  it.each(Array.from({ length: 12 }, (_, ticks) => ticks))('%i steps later is written', async (ticks) => {
    const written: string[] = [];
    let answer: (() => void) | undefined;
    const settler = new Settler({
      store: {
        claim: async () => [],
        settle: (batch) => {
          written.push(...batch.map(({ row }) => row.id));
          return new Promise((resolve) => (answer = () => resolve(batch.length)));
        },
      },
      logger: silentLogger,
      metrics: createBridgeMetrics(new Registry()),
      now: () => 0,
      sleep: async () => undefined,
    });
    const settle = () => new Promise(setImmediate).then(() => answer?.());
    settler.add(released('first'), 1);
    await settle();
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    settler.add(released('second'), 1);
    await settle();
    await settler.drained();
    expect(written).toEqual(['first', 'second']);
  });
});

describe('a mark whose answer never comes', () => {
  it('does not hold up the marks after it', async () => {
    const written: string[] = [];
    const settler = new Settler({
      store: {
        claim: async () => [],
        settle: (batch) => {
          written.push(...batch.map(({ row }) => row.id));
          return written.length === 1 ? new Promise(() => undefined) : Promise.resolve(batch.length);
        },
      },
      logger: silentLogger,
      metrics: createBridgeMetrics(new Registry()),
      now: () => 0,
      sleep: async () => undefined,
    });
    for (const id of ['lost', 'second', 'third']) {
      settler.add(released(id), 1);
      await new Promise(setImmediate);
    }
    expect(written).toEqual(['lost', 'second', 'third']);
  });
});

import { Counter, Registry } from 'prom-client';
import { collectCounts } from '../../../client/counts';

it('a counter of prom-client has the counts of a subscription, and what is scraped twice is not counted twice', async () => {
  const counts = { handled: 5, duplicates: 1, passedOver: 2, failed: 3, deadLetters: 0 };
  const registry = new Registry();
  const collect = collectCounts({ counts: () => ({ ...counts }) });
  new Counter({ name: 'events_total', help: 'h', labelNames: ['result'], registers: [registry], collect });
  await registry.metrics();
  counts.handled = 6;
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('events_total{'));
  expect(lines).toEqual([
    'events_total{result="handled"} 6',
    'events_total{result="duplicates"} 1',
    'events_total{result="passedOver"} 2',
    'events_total{result="failed"} 3',
    'events_total{result="deadLetters"} 0',
  ]);
});

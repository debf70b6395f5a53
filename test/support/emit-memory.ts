import { PgEmitLog } from '../../activities/emit/pg-emit-log';
import { flushEmits } from '../../activities/emit/flush-emits';
import { type OutgoingEvent, type KafkaOutcome } from '../../activities/emit/event-sink';
import { type EventRef } from '../../contracts/event-ref';
import { topicNames } from '../../contracts/kafka';
import { createPool } from '../../runtime/postgres';
import { silentLogger } from './logger';

/** A process of its own, since memory is counted by process: emits what it is given, prints the most it had, in bytes. */
async function main(): Promise<void> {
  const [databaseUrl = '', given = '[]'] = process.argv.slice(2);
  const pool = createPool({ url: databaseUrl, max: 1, applicationName: 'nova-test-memory', logger: silentLogger });
  const sink = {
    send: async (messages: readonly OutgoingEvent[]) => {
      const wire = messages.map(({ body }) => Buffer.from(body));
      return new Map(
        messages.map(({ eventId }, i): [string, KafkaOutcome] => [eventId, wire[i] ? 'acknowledged' : 'not_sent']),
      );
    },
  };
  const deps = { log: new PgEmitLog(pool), sink, topics: topicNames('test'), logger: silentLogger };
  let waiting = JSON.parse(given) as EventRef[];
  while (waiting.length > 0) {
    const outcomes = await flushEmits(deps, waiting);
    waiting = waiting.filter(({ eventId }) => outcomes.get(eventId) !== 'emitted');
  }
  await pool.end();
  console.log(process.resourceUsage().maxRSS * 1024);
}

void main();

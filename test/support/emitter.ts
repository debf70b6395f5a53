import { type EventRef } from '../../contracts/event-ref';
import { EmitBatcher } from '../../activities/emit/emit-batcher';
import { flushEmits } from '../../activities/emit/flush-emits';
import { KafkaEventSink } from '../../activities/adapters/kafka-event-sink';
import { PgEmitLog } from '../../activities/adapters/pg-emit-log';
import { type EmitLog } from '../../activities/ports/emit-log';
import { createPool } from '../../runtime/postgres';
import { createKafka } from '../../runtime/kafka';
import { type TestTopics } from './kafka';
import { silentLogger } from './logger';
import { servers } from './servers';

export interface TestEmitter {
  emit(event: EventRef, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** An emitter as one worker process has it: its own pool, producer and batcher. */
export async function startEmitter(options: {
  databaseUrl: string;
  topics: TestTopics['topics'];
  brokers?: string;
  wrapLog?: (log: EmitLog) => EmitLog;
}): Promise<TestEmitter> {
  const logger = silentLogger;
  const pool = createPool({ url: options.databaseUrl, max: 4, applicationName: 'nova-test-emitter', logger });
  const brokers = (options.brokers ?? servers().kafkaBrokers).split(',');
  const sink = new KafkaEventSink(createKafka({ kafkaBrokers: brokers }, 'nova-test', logger), logger, {
    sendTimeoutMs: 5_000,
    compression: 'none',
    reconnectMs: 200,
  });
  await sink.connect();
  const log = (options.wrapLog ?? ((inner: EmitLog) => inner))(new PgEmitLog(pool));
  const batcher = new EmitBatcher((refs) => flushEmits({ log, sink, topics: options.topics, logger }, refs));
  return {
    emit: (event, timeoutMs = 20_000) => batcher.emit(event, AbortSignal.timeout(timeoutMs)),
    close: async () => {
      await sink.close();
      await pool.end();
    },
  };
}

import { type EventRef } from '../../contracts/event-ref';
import { type CloudEventsOptions } from '../../activities/emit/cloud-events';
import { EmitBatcher } from '../../activities/emit/emit-batcher';
import { flushEmits } from '../../activities/emit/flush-emits';
import { KafkaEventSink } from '../../activities/emit/kafka-event-sink';
import { PgEmitLog, type PgEmitTransaction } from '../../activities/emit/pg-emit-log';
import { type EventSink } from '../../activities/emit/event-sink';
import { createPool } from '../../runtime/postgres';
import { createKafka } from '../../runtime/kafka';
import { type TestTopics } from './kafka';
import { silentLogger } from './logger';
import { override } from './override';
import { servers } from './servers';

export interface TestEmitter {
  emit(event: EventRef, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Less than a test may take, more than any slowness: who waits for longer waits for what does not come. */
const patienceMs = 150_000;

export interface PatientSink extends EventSink {
  close(): Promise<void>;
}

/**
 * The product gives a broker 5 s for a request and a flush 10 s, after which it asks again and may send twice. Tests that
 * count messages give both all the time there is. Connected; close it in afterAll.
 */
export async function startPatientSink(brokers = servers().kafkaBrokers): Promise<PatientSink> {
  const kafka = createKafka({ kafkaBrokers: brokers.split(',') }, 'nova-test', silentLogger, patienceMs);
  const options = { sendTimeoutMs: patienceMs, compression: 'none', reconnectMs: 200 } as const;
  const sink = new KafkaEventSink(kafka, silentLogger, options);
  await sink.connect();
  return {
    send: (events) => sink.send(events, performance.now() + 2 * patienceMs),
    close: () => sink.close(),
  };
}

export interface EmitterOptions {
  databaseUrl: string;
  topics: TestTopics['topics'];
  brokers?: string;
  cloudEvents?: CloudEventsOptions;
  /** Methods that are replaced in each transaction, by the transaction itself. */
  replaced?: (transaction: PgEmitTransaction) => Partial<PgEmitTransaction>;
}

/** An emitter as one worker process has it: its own pool, producer and batcher. */
export async function startEmitter(options: EmitterOptions): Promise<TestEmitter> {
  const logger = silentLogger;
  const pool = createPool({ url: options.databaseUrl, max: 4, applicationName: 'nova-test-emitter', logger });
  const sink = await startPatientSink(options.brokers);
  const { topics, cloudEvents, replaced } = options;
  const real = new PgEmitLog(pool);
  const log =
    replaced === undefined
      ? real
      : override(real, {
          transaction: (work) => real.transaction((inner) => work(override(inner, replaced(inner)))),
        });
  const batcher = new EmitBatcher((refs) => flushEmits({ log, sink, topics, cloudEvents, logger }, refs));
  return {
    emit: (event, timeoutMs = patienceMs) => batcher.emit(event, AbortSignal.timeout(timeoutMs)),
    close: async () => {
      await sink.close();
      await pool.end();
    },
  };
}

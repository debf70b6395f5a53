import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, type Consumer, type EachBatchPayload, type Kafka, KafkaJSError } from 'kafkajs';
import { kafkaHeaders } from '../../contracts/kafka';
import { NovaError } from '../../contracts/failures';
import { oneLine, toError } from '../../runtime/errors';
import { type AuditRecord, type AuditRecords, type RecordsRead } from './audit-records';

/** One partition: where the reading is, and where it ends. */
interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly start: string;
  readonly end: number;
  /** Older messages of this partition are gone, so its first one says from when on it is complete. */
  readonly cut: boolean;
  position: number;
  firstMs: number | undefined;
}

/** No message for this long means that the broker does not deliver. */
const patienceMs = 30_000;
/** A broker that is new or was just restarted loads its groups first; once a second, that is asked for as long. */
const retry = { retries: patienceMs / 1_000, maxRetryTime: 1_000 };

/**
 * Reads as a consumer in a group of its own that commits nothing and is deleted afterwards, so that audits neither share
 * partitions with each other nor disturb subscribers. Needs the rights of a reader on groups `<groupPrefix>-*`.
 */
export class KafkaAuditRecords implements AuditRecords {
  constructor(
    private readonly kafka: Kafka,
    private readonly topics: readonly string[],
    private readonly groupPrefix: string,
  ) {}

  async read(sinceMs: number, onBatch: (records: readonly AuditRecord[]) => Promise<void>): Promise<RecordsRead> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      const spans = await this.spans(admin, sinceMs);
      const records = spans.some(({ position, end }) => position < end) ? await this.consume(admin, spans, onBatch) : 0;
      const cuts = spans.filter(({ cut }) => cut).map(({ firstMs }) => firstMs ?? Date.now());
      return { completeFromMs: Math.max(sinceMs, ...cuts), records };
    } catch (thrown) {
      // What the batch's handler threw is not Kafka's.
      if (!(thrown instanceof KafkaJSError)) throw thrown;
      throw new NovaError('KAFKA_UNAVAILABLE', oneLine(thrown), { cause: thrown });
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  private async spans(admin: Admin, sinceMs: number): Promise<Span[]> {
    const existing = new Set(await admin.listTopics());
    const topics = [...new Set(this.topics)].filter((topic) => existing.has(topic));
    const spans: Span[] = [];
    // One after the other: kafkajs fails on a topic that it is asked for while it still fetches the metadata of others.
    for (const topic of topics) spans.push(...(await spansOf(admin, topic, sinceMs)));
    return spans;
  }

  private async consume(
    admin: Admin,
    spans: readonly Span[],
    onBatch: (records: readonly AuditRecord[]) => Promise<void>,
  ): Promise<number> {
    const groupId = `${this.groupPrefix}-${randomUUID()}`;
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 100, retry });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...new Set(spans.map(({ topic }) => topic))] });
      return await readSpans(consumer, spans, onBatch);
    } finally {
      await consumer.disconnect().catch(() => undefined);
      await admin.deleteGroups([groupId]).catch(() => undefined);
    }
  }
}

/** Asked again while the broker's leaders change: kafkajs takes the reply of a leader that has gone for a bug of its own. */
async function spansOf(admin: Admin, topic: string, sinceMs: number): Promise<Span[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      const ends = await admin.fetchTopicOffsets(topic);
      const starts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.floor(sinceMs));
      return ends.map(({ partition, low, high }): Span => {
        const start = starts.find((entry) => entry.partition === partition)?.offset ?? high;
        const position = Number(start) < 0 ? Number(high) : Number(start);
        const cut = Number(low) > 0 && position <= Number(low);
        return { topic, partition, start: String(position), end: Number(high), cut, position, firstMs: undefined };
      });
    } catch (thrown) {
      if (performance.now() > untilMs)
        throw new NovaError('KAFKA_UNAVAILABLE', `the broker does not say how far ${topic} goes: ${oneLine(thrown)}`, {
          cause: thrown,
        });
      await pause(250);
    }
  }
}

function readSpans(
  consumer: Consumer,
  spans: readonly Span[],
  onBatch: (records: readonly AuditRecord[]) => Promise<void>,
): Promise<number> {
  const byPartition = new Map(spans.map((span) => [`${span.topic}/${span.partition}`, span]));
  let records = 0;
  return new Promise<number>((resolve, reject) => {
    const stalled = () => reject(new NovaError('KAFKA_UNAVAILABLE', `no messages for ${patienceMs / 1_000} s`));
    const timer = setTimeout(stalled, patienceMs);
    const end = (outcome: () => void) => {
      clearTimeout(timer);
      outcome();
    };
    consumer.on(consumer.events.CRASH, ({ payload }) => end(() => reject(payload.error)));
    const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
      const span = byPartition.get(`${batch.topic}/${batch.partition}`);
      if (span === undefined || span.position >= span.end) return;
      // Fetched before the seek, or again after a rebalance.
      const fresh = batch.messages.filter(({ offset }) => Number(offset) >= span.position && Number(offset) < span.end);
      span.firstMs ??= fresh[0] === undefined ? undefined : Number(fresh[0].timestamp);
      const found = fresh.flatMap(({ headers, timestamp }) => {
        const eventId = headers?.[kafkaHeaders.eventId];
        return eventId === undefined ? [] : [{ eventId: String(eventId), timestampMs: Number(timestamp) }];
      });
      try {
        if (found.length > 0) await onBatch(found);
      } catch (thrown) {
        end(() => reject(toError(thrown)));
        return;
      }
      records += found.length;
      if (Number(batch.firstOffset() ?? 0) <= span.position) span.position = Number(batch.lastOffset()) + 1;
      timer.refresh();
      if (spans.every(({ position, end: last }) => position >= last)) end(() => resolve(records));
    };
    consumer
      .run({ autoCommit: false, eachBatch })
      .then(() => {
        for (const { topic, partition, start } of spans) consumer.seek({ topic, partition, offset: start });
      })
      .catch((thrown: unknown) => end(() => reject(toError(thrown))));
    timer.unref();
  });
}

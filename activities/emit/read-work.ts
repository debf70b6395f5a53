import { catalogue, definitionOf, spellingsOf } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { type Domain } from '../../contracts/events/define';
import { NovaError } from '../../contracts/failures';
import { type EmitRow, type PgEmitTransaction } from './pg-emit-log';

export interface Work {
  /** To be sent, each aggregate's in order: prefixes of what is unemitted, and what was given up and is asked for again. */
  readonly rows: readonly EmitRow[];
  /** Events whose outcome is known without sending, by id. */
  readonly settled: ReadonlyMap<string, 'emitted' | NovaError>;
  /** Rows among `rows` that were given up before. */
  readonly retried: ReadonlySet<string>;
}

/**
 * What has to be sent for these events, all of locked aggregates.
 *
 * The first look takes the aggregate's first rows of all topics: one probe per aggregate. An event that stands behind so
 * many rows of other topics that none of its own topic came with them gets a second look, at its own topic's rows alone:
 * a topic that takes nothing must not hide what goes to another.
 */
export async function readWork(
  transaction: PgEmitTransaction,
  asked: readonly EventRef[],
  topics: Readonly<Record<Domain, string>>,
): Promise<Work> {
  const topicOf = (eventType: string): string | undefined => {
    const definition = definitionOf(eventType);
    return definition === undefined ? undefined : topics[definition.domain];
  };
  const first = await transaction.unemitted(furthest(asked));
  const read = new Set(first.map((row) => row.eventId));
  const others = asked.filter((ref) => !read.has(ref.eventId));
  if (others.length === 0) return { rows: first, settled: new Map(), retried: new Set() };

  const settled = new Map<string, 'emitted' | NovaError>();
  const states = new Map((await transaction.find(others)).map((row) => [row.eventId, row]));
  for (const { eventId } of others) {
    const state = states.get(eventId);
    if (state === undefined) settled.set(eventId, new NovaError('EVENT_NOT_FOUND', `outbox row ${eventId}`));
    else if (state.emitted) settled.set(eventId, 'emitted');
  }

  // An aggregate that the first look did not reach has its turn in the next flush, when those before it are gone.
  const reached = new Set(first.map((row) => row.aggregateId));
  const begun = new Set(first.map((row) => `${row.aggregateId} ${topicOf(row.eventType)}`));
  const hidden = new Map<string, EventRef[]>();
  for (const ref of others) {
    const topic = topicOf(ref.eventType);
    const waits = !settled.has(ref.eventId) && states.get(ref.eventId)?.deadLettered === false;
    if (!waits || topic === undefined || !reached.has(ref.aggregateId)) continue;
    if (begun.has(`${ref.aggregateId} ${topic}`)) continue;
    hidden.set(topic, [...(hidden.get(topic) ?? []), ref]);
  }
  const second: EmitRow[] = [];
  for (const [topic, refs] of hidden)
    second.push(...(await transaction.unemitted(furthest(refs), spellings(topic, topics))));

  // A given-up row whose own workflow asks again is tried again: a person repaired the cause and reset the workflow.
  const givenUp = [...states.values()].filter((state) => state.deadLettered && !state.emitted);
  const retried = givenUp.length === 0 ? [] : await transaction.givenUp(givenUp);
  return { rows: [...first, ...second, ...retried], settled, retried: new Set(retried.map((row) => row.eventId)) };
}

/** Per aggregate, the highest sequence asked for. */
function furthest(refs: readonly EventRef[]): Map<string, number> {
  const upTo = new Map<string, number>();
  for (const { aggregateId, sequence } of refs)
    upTo.set(aggregateId, Math.max(sequence, upTo.get(aggregateId) ?? sequence));
  return upTo;
}

/** Every spelling of every type that goes to a topic; several domains may share one. */
function spellings(topic: string, topics: Readonly<Record<Domain, string>>): string[] {
  return catalogue.filter(({ domain }) => topics[domain] === topic).flatMap(({ type }) => spellingsOf(type));
}

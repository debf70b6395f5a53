import { eventOf } from '../../../proof/checks/replays';
import { kafkaFaults } from '../../../proof/checks/kafka';
import { rowFaults } from '../../../proof/checks/rows';
import { runFaults } from '../../../proof/checks/runs';
import { type ServiceName, serviceNames } from '../../../proof/services';
import { serviceOfType } from '../../../proof/traffic/business';
import { percentiles } from '../../../proof/report/percentiles';
import { kafkaHeaders } from '../../../contracts/kafka';
import { type Evidence } from './evidence';

/** What the proof says of one outbox alone, as far as a promise is about one. */
export interface OutboxProof {
  readonly outbox: ServiceName;
  readonly events: number;
  /** Violations: not started, not on Kafka; started twice; out of order on Kafka; still leased. */
  readonly lost: number;
  readonly twice: number;
  readonly disorder: number;
  readonly leased: number;
  /** Times it went back to an earlier moment, and events that this took. */
  readonly restores: number;
  readonly taken: number;
  /** From commit to start, milliseconds. */
  readonly startP50Ms: number;
  readonly longestStartMs: number;
}

/** One line for each outbox. What breaks a promise here is counted in the proof over all of them as well. */
export function outboxRows(evidence: Evidence): OutboxProof[] {
  return serviceNames.map((outbox) => proofOf(evidence, outbox));
}

function proofOf({ truth, rows, runs, messages, restores, losses }: Evidence, outbox: ServiceName): OutboxProof {
  const events = truth.events.filter(({ type }) => serviceOfType(type) === outbox);
  const committedAt = new Map(events.map(({ id, committedAtMs }) => [id, committedAtMs]));
  const isOurs = (id: string): boolean => committedAt.has(id);
  const own = rows.filter(({ id }) => isOurs(id));
  const known = { events, rolledBack: new Set<string>() };
  const started = runFaults(
    known,
    runs.filter(({ workflowId }) => isOurs(eventOf(workflowId))),
  );
  const sent = kafkaFaults(
    known,
    messages.filter(({ headers }) => isOurs(headers[kafkaHeaders.eventId] ?? '')),
  );
  const table = rowFaults(own);
  const waits = percentiles(
    own.flatMap(({ id, publishedAtMs }) =>
      publishedAtMs === null ? [] : [Math.max(0, publishedAtMs - (committedAt.get(id) ?? publishedAtMs))],
    ),
  );
  return {
    outbox,
    events: events.length,
    lost: started.missing.length + sent.missing.length + table.unstarted.length,
    twice: started.duplicates.length,
    disorder: sent.disorder.length,
    leased: table.leased.length,
    restores: restores.filter((restore) => restore.outbox === outbox).length,
    taken: [...losses.events.values()].filter(({ service }) => service === outbox).length,
    startP50Ms: waits?.p50 ?? 0,
    longestStartMs: waits?.max ?? 0,
  };
}

/** A run carries the name of the outbox that has its event, and its activities read and mark there. */
export function ofAnotherOutbox({ together, truth, runs }: Pick<Evidence, 'together' | 'truth' | 'runs'>): string[] {
  if (together) return [];
  const home = new Map<string, string>(truth.events.map(({ id, type }) => [id, serviceOfType(type)]));
  return runs.flatMap(({ workflowId, outbox }) => {
    const own = home.get(eventOf(workflowId));
    if (own === undefined || own === outbox) return [];
    return [`workflow ${workflowId} was started for the outbox ${outbox ?? '(none)'}, and its event is in ${own}`];
  });
}

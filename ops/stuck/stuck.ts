import { emitMs, pendingMs } from '../../activities/audit/limits';
import { priorityNames } from '../../contracts/priority';
import { type AuditKind, auditKinds } from '../../contracts/audit-kinds';
import { taskFaultCure, throwingCure } from '../../runtime/failing-task';
import { oneLine } from '../../runtime/errors';
import { type WorkerProcess } from '../../runtime/worker-processes';
import { type Connections } from '../connections';
import { deliveryName, unknownDeliveries } from '../deliveries/deliveries';
import { type Status } from '../status/status-said';
import { longSeconds } from '../status/status-reasons';
import { type OutboxStuck, outboxStuck } from './stuck-outbox';
import { actionFor, deadLetterCure } from '../why/why';

/** One thing that waits longer than it should. */
export interface StuckLine {
  readonly what: string;
  /** What commands take; null: it has no id. */
  readonly id: string | null;
  /** Null: it is of State, of Temporal, or of a server. */
  readonly outbox: string | null;
  /** How many such there are, of which `id` is the first. */
  readonly count: number;
  /** RFC 3339; null: not known. */
  readonly since: string | null;
  readonly cause: string;
  /** The command, or the act, with which it goes on. */
  readonly command: string;
}

/** Of each sort no more lines than a person reads. */
const mostLines = 20;

const findings = `
  SELECT (array_agg(event_id ORDER BY first_seen, event_id))[1] AS id, kind, detail, outbox, min(first_seen) AS since, count(*) AS count
  FROM nova.audit_findings WHERE resolved_at IS NULL AND acknowledged_at IS NULL
  GROUP BY kind, detail, outbox ORDER BY min(first_seen) LIMIT $1`;

/** Everything that waits longer than it should, before the start and after it: what `nova status` counts, line by line. */
export async function stuck(connections: Connections, status: Status): Promise<StuckLine[]> {
  const isStateThere = status.databaseFailed === null;
  const { outboxes, pool } = connections;
  const ofOutboxes = (status.outboxes ?? []).map(({ outbox }) => {
    const bridges = (status.bridges ?? []).filter((one) => one.outbox === outbox);
    const budgets = priorityNames.map((name) => pendingMs[name] / 1_000);
    return outboxStuck(outboxes.of({ outbox }), { bridges, budgets, limit: mostLines }).then(
      (said) => outboxLines(outbox, said),
      (thrown: unknown): StuckLine[] => [
        {
          ...{ what: 'outbox', id: null, outbox, count: 1, since: null, command: 'npx nova status' },
          cause: `it could not be asked: ${oneLine(thrown, 200)}`,
        },
      ],
    );
  });
  const [outboxesSay, found, unknown] = await Promise.all([
    Promise.all(ofOutboxes),
    isStateThere ? findingLines(connections) : [],
    isStateThere ? unknownDeliveries(pool, mostLines) : [],
  ]);
  return [
    ...serverLines(status),
    ...queueLines(status),
    ...outboxesSay.flat(),
    ...unemittedLines(status),
    ...runLines(status),
    ...deliveryLines(status),
    ...unknown.map((one): StuckLine => ({
      ...{
        what: 'delivery of unknown outcome',
        id: deliveryName(one),
        outbox: null,
        count: 1,
        since: one.at.toISOString(),
      },
      cause: `the reply of its provider was lost: ${one.reason ?? ''}`,
      command: `npx nova deliveries settle ${deliveryName(one)} --as sent, or resend`,
    })),
    ...found,
  ];
}

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString();

const serverLines = ({ servers }: Status): StuckLine[] =>
  servers.flatMap(({ server, at, setting, failed }) =>
    failed === null
      ? []
      : [
          {
            ...{ what: 'server', id: null, outbox: null, count: 1, since: null },
            cause: `${server} does not reply: ${oneLine(failed, 200)}`,
            command: `bring it back, or correct ${setting} (${at})`,
          },
        ],
  );

/** When the last worker process of a queue was seen; null: none has been within an hour. */
function lastWorker(workers: readonly WorkerProcess[], queue: string): string | null {
  const seen = workers.flatMap(({ taskQueues, seenAt }) => (taskQueues.includes(queue) ? [seenAt.toISOString()] : []));
  return seen.sort().at(-1) ?? null;
}

const queueLines = ({ taskQueues, workers = [] }: Status): StuckLine[] =>
  (taskQueues ?? []).flatMap(({ queue, kind, served, waiting, oldestSeconds }) =>
    served
      ? []
      : [
          {
            ...{ what: 'task queue', id: queue, outbox: null, count: waiting },
            since: waiting > 0 ? ago(oldestSeconds) : lastWorker(workers, queue),
            cause: `no worker takes the tasks of this kind: ${kind}`,
            command: `npm run workers (WORKER_QUEUES), or look why they ended`,
          },
        ],
  );

function outboxLines(outbox: string, said: OutboxStuck): StuckLine[] {
  const of = { outbox, count: 1 };
  return [
    ...(said.noBridge === null
      ? []
      : [
          {
            ...of,
            what: 'bridge',
            id: null,
            since: said.noBridge.since,
            cause: 'no bridge serves this outbox',
            command: 'npm run bridge',
          },
        ]),
    ...said.paused.map(([type, why]) => ({
      ...{ ...of, what: 'paused type', id: type, since: null, cause: why },
      command: actionFor(why) ?? 'npx nova status',
    })),
    ...said.pending.map(({ aggregateType, aggregateId, rows, head, since, waits }) => ({
      ...{
        outbox,
        what: `pending rows of ${aggregateType} ${aggregateId}`,
        id: head,
        count: rows,
        since: since.toISOString(),
      },
      cause: waits?.says ?? 'it has started meanwhile',
      command: waits?.cure ?? `npx nova why ${head}`,
    })),
    ...said.holds.map(({ id, aggregateId, rows, since, waitsFor }) => ({
      ...{ outbox, what: `held aggregate ${aggregateId}`, id, count: rows, since: since.toISOString() },
      cause:
        waitsFor === null
          ? 'a dead letter holds back the rows behind it'
          : `an event of the outbox ${waitsFor}, from which it has come, is not on Kafka`,
      command:
        waitsFor === null
          ? `npx nova requeue ${id}, or npx nova release-hold ${id}`
          : `npx nova why ${id}; npx nova move status`,
    })),
    ...said.deadLetters.map(({ id, lastError, deadLetteredAt }) => ({
      ...{ ...of, what: 'dead letter', id, since: deadLetteredAt.toISOString(), cause: oneLine(lastError ?? '', 200) },
      command: deadLetterCure(lastError, id),
    })),
  ];
}

function unemittedLines({ unemitted = [], unemittedCauses }: Status): StuckLine[] {
  const late = unemitted.filter(({ oldestSeconds }) => oldestSeconds * 1_000 > emitMs);
  return late.map(({ outbox, underFive, older, since, oldest }) => {
    // The cause of most of them, and an event that has this cause.
    const most = unemittedCauses?.find(({ example }) => oldest.includes(example));
    const id = most?.example ?? oldest[0];
    return {
      ...{ what: 'events not on Kafka', id: id ?? null, outbox, count: underFive + older },
      ...{ since: since?.toISOString() ?? null, cause: most?.cause ?? 'Temporal does not say' },
      command: whatOf(most?.cause, id),
    };
  });
}

const whatOf = (cause: string | undefined, id = ''): string => actionFor(cause ?? null) ?? `npx nova why ${id}`;

function runLines({ waitingRuns, pausedRuns }: Status): StuckLine[] {
  const { standStill = [], waitFor = [] } = waitingRuns ?? {};
  return [
    ...standStill.map(({ workflowType, fault, runs, oldestSeconds, workflowId, lastFailure }) => ({
      ...{
        what: `run stands still: ${workflowType}`,
        id: workflowId,
        outbox: null,
        count: runs,
        since: ago(oldestSeconds),
      },
      cause: `${fault}: ${lastFailure}`,
      command: taskFaultCure[fault],
    })),
    ...waitFor
      .filter(({ oldestSeconds, throwing }) => oldestSeconds > longSeconds || throwing > 0)
      .map(({ activity, runs, oldestSeconds, lastFailure, workflowId, throwing }) => ({
        ...{ what: `run waits for ${activity}`, id: workflowId, outbox: null, count: runs, since: ago(oldestSeconds) },
        cause: lastFailure,
        command: throwing > 0 ? throwingCure : whatOf(lastFailure, workflowId),
      })),
    ...(pausedRuns === null || pausedRuns === 0
      ? []
      : [
          {
            ...{ what: 'paused activity', id: null, outbox: null, count: pausedRuns, since: null },
            cause: 'a person or a rule has paused an activity of these runs',
            command:
              "temporal workflow list --query 'TemporalPauseInfo IS NOT NULL'; npx nova show <id> prints how to unpause",
          },
        ]),
  ];
}

const deliveryLines = ({ deliveriesWaiting = [] }: Status): StuckLine[] =>
  deliveriesWaiting
    .filter(({ oldestSeconds }) => oldestSeconds > longSeconds)
    .map(({ channel, deliveries, oldestSeconds, reason }) => ({
      ...{
        what: `deliveries by ${channel} wait`,
        id: null,
        outbox: null,
        count: deliveries,
        since: ago(oldestSeconds),
      },
      cause: reason ?? 'no try yet: their runs wait, or have ended',
      command:
        reason === null
          ? `npx nova deliveries list --state pending names their events; npx nova why <event> says what its run waits for`
          : (actionFor('CHANNEL_UNAVAILABLE') ?? ''),
    }));

async function findingLines({ pool }: Connections): Promise<StuckLine[]> {
  type Row = { id: string; kind: AuditKind; detail: string; outbox: string | null; since: Date; count: number };
  const { rows } = await pool.query<Row>(findings, [mostLines]);
  return rows.map(({ id, kind, detail, outbox, since, count }) => ({
    ...{ what: `finding ${kind}`, id, outbox, count, since: since.toISOString(), cause: oneLine(detail, 200) },
    command: findingCure(kind, id, count),
  }));
}

/** What the catalogue of findings says is to be done; of many runs at once, a plan. */
function findingCure(kind: AuditKind, id: string, count: number): string {
  const one = ((auditKinds[kind] as { action: string } | undefined)?.action ?? 'npx nova audit').replaceAll('<id>', id);
  return count > 1 && /nova replay /.test(one) ? `${one} All ${count}: npx nova replays plan <name> --found` : one;
}

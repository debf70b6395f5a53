import { type Pool } from 'pg';
import { definitionOf } from '../../contracts/catalogue';
import { rowOfEvent } from '../../outbox/operators.sql';
import { taskFaultCure, throwingCure } from '../../runtime/failing-task';
import { type Connections } from '../connections';
import { type EventStory, eventStory } from '../show/event-story';
import { holdOf } from '../dead-letters/held-aggregates';
import { type OutboxReport, bridgesOf, livingBridge } from '../status/outbox-report';
import { type OutboxAway } from '../outboxes';
import { type RunStory } from '../show/run-story';
import { type Check, actionFor, at, deadLetterCure, fine, note, wrong } from './why';

/** The columns of a row that its story in sentences is made of. */
export interface EventRowSeen {
  readonly outbox: string;
  readonly id: string;
  readonly event_type: string;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly sequence: number;
  readonly created_at: Date;
  readonly published_at: Date | null;
  readonly emitted_at: Date | null;
  readonly dead_lettered_at: Date | null;
  readonly retry_count: number;
  readonly last_error: string | null;
  readonly backing_off: boolean;
  readonly leased: boolean | null;
  readonly earlier_pending: number;
}

export interface EventSeen {
  readonly row: EventRowSeen;
  readonly checks: readonly Check[];
  /** Its run is open: what it does is not all done. */
  readonly isOpen: boolean;
  readonly away: readonly OutboxAway[];
}

type Bridges = OutboxReport['bridges'];

/** The way of one event, from its row to Kafka. Null: no outbox that could be asked has its row. */
export async function eventSeen(connections: Connections, id: string): Promise<EventSeen | null> {
  const { story, away } = await eventStory(connections, id);
  if (story === null) return null;
  const row = story.row as unknown as EventRowSeen;
  const bridges = await bridgesOf(connections.outboxes.of({ outbox: row.outbox }));
  const checks = [
    fine(
      'written',
      `${row.event_type} was written ${at(row.created_at)} as event ${row.id}${placeOf(row, connections)}`,
    ),
    ...story.otherRows.map((other) =>
      note('twice', `another row of this id is in the outbox ${other.outbox}: a duplicate, of which one alone runs`),
    ),
    startedCheck(story, row, bridges),
    ...(row.published_at === null ? [] : [...runChecks(story, id), kafkaCheck(row)]),
    ...story.findings.map(({ kind, detail }) =>
      wrong('audit', `${kind}: ${detail}`, `npx nova audit says what ${kind} asks for`),
    ),
  ];
  return { row, checks, isOpen: story.workflow?.status === 'RUNNING', away };
}

/** What keeps a row from its start. Null: it is there no more, or has started. */
export async function waitsFor(pool: Pool, id: string, bridges: Bridges): Promise<Check | null> {
  const { rows } = await pool.query<EventRowSeen>(rowOfEvent, [id]);
  const [row] = rows;
  if (row === undefined || row.published_at !== null) return null;
  return startedCheck({ hold: await holdOf(pool, id) }, row, bridges);
}

const placeOf = ({ outbox }: EventRowSeen, { outboxes }: Connections): string =>
  outboxes.names.length > 1 ? ` in the outbox ${outbox}` : '';

function startedCheck({ hold }: Pick<EventStory, 'hold'>, row: EventRowSeen, bridges: Bridges): Check {
  const { id, published_at: startedAt, dead_lettered_at: deadAt, last_error: error } = row;
  if (deadAt !== null) {
    const why = error ?? 'no reason was kept';
    return wrong('started', `it is a dead letter since ${at(deadAt)}: ${why}`, deadLetterCure(error, id));
  }
  if (startedAt !== null) return fine('started', `a bridge started its workflow ${at(startedAt)}`);
  if (hold !== null && !hold.isItself)
    return hold.waitsFor === null
      ? wrong(
          'started',
          `it waits since ${at(hold.since)} for the dead letter ${hold.id}, which holds back what follows it in its aggregate`,
          `npx nova requeue ${hold.id}, or npx nova release-hold ${hold.id}`,
        )
      : wrong(
          'started',
          `it waits for the event ${hold.id} in the outbox ${hold.waitsFor}, from which its aggregate has come`,
          `npx nova why ${hold.id}; npx nova move status`,
        );
  return wrong('started', ...whyPending(row, bridges));
}

function whyPending(row: EventRowSeen, all: Bridges): [says: string, cure: string | null] {
  const bridges = all.filter(livingBridge);
  if (bridges.length === 0)
    return ['it is pending: no bridge serves its outbox', 'start a bridge (npm run bridge); it starts by itself then'];
  const type = definitionOf(row.event_type)?.type ?? row.event_type;
  const paused = bridges.map(({ pausedTypes }) => pausedTypes[type] ?? pausedTypes[row.event_type]).find(Boolean);
  if (paused !== undefined) return [`it is pending: its type is paused: ${paused}`, actionFor(paused)];
  const down = bridges.find(({ state }) => state === 'outage' || state === 'refused');
  if (down !== undefined && bridges.every(({ state }) => state === down.state))
    return [`it is pending: the bridge is in the state ${down.state}: ${down.reason ?? ''}`, actionFor(down.reason)];
  if (row.earlier_pending > 0)
    return [
      `it is pending behind ${row.earlier_pending} earlier rows of its aggregate, which start one after another`,
      `nothing, while they go down; else npx nova stuck names the first of them`,
    ];
  if (row.backing_off)
    return [
      `it is pending: ${row.retry_count} tries failed, it is tried again: ${row.last_error ?? ''}`,
      actionFor(row.last_error),
    ];
  if (row.leased === true) return ['it is pending: a bridge has it in hand now', 'nothing: look again in a moment'];
  return ['it is pending: it waits for its turn', 'nothing, while npx nova status shows that rows are started'];
}

/** What the run did, or what it waits for. */
function runChecks({ workflow, temporalFailed }: EventStory, id: string): Check[] {
  if (temporalFailed !== null)
    return [note('run', `its run is not known, Temporal did not reply: ${temporalFailed}`, 'npx nova status')];
  if (workflow === null)
    return [
      wrong(
        'run',
        'Temporal knows no run of it: deleted, or past the retention of the namespace',
        `npx nova replay ${id}`,
      ),
    ];
  const { status, end, notDone, since } = workflow;
  if (end !== null && end.result === null) {
    const cause = end.failure.join(', caused by ') || 'no reason was kept';
    const left = notDone.length === 0 ? '' : `; not done: ${notDone.join(', ')}`;
    return [
      wrong(
        'run',
        `its run ended ${status} ${end.at ?? ''}: ${cause}${left}`,
        `when the cause is gone: npx nova replay ${id}`,
      ),
    ];
  }
  if (end?.result != null) {
    const counts = Object.entries(end.result.counts).map(([name, count]) => `, ${name} ${count}`);
    return [fine('run', `its run has ended ${end.at ?? ''}: ${end.result.outcome}${counts.join('')}`)];
  }
  const waits = waitChecks(workflow, id);
  return waits.length > 0 ? waits : [note('run', `its run is open since ${since} and works`)];
}

function waitChecks({ failingTask, pending, queuesWithoutWorkers, since }: RunStory, id: string): Check[] {
  return [
    ...(failingTask === null
      ? []
      : [
          wrong(
            'run',
            `its run stands still since ${at(new Date(failingTask.sinceMs))}: its workflow task fails (${failingTask.fault}): ${failingTask.message}`,
            taskFaultCure[failingTask.fault],
          ),
        ]),
    ...queuesWithoutWorkers.map((queue) =>
      wrong(
        'run',
        `its run, open since ${since}, waits for a worker: none takes the tasks of ${queue}`,
        `start workers of ${queue} (npm run workers)`,
      ),
    ),
    ...pending.flatMap(({ activity, activityId, attempt, lastFailure, paused, due }): Check[] => {
      if (paused !== null)
        return [
          wrong(
            'run',
            `its run waits for ${activity}, which is paused by ${paused.by}`,
            `temporal activity unpause --workflow-id ${id} --activity-id ${activityId}`,
          ),
        ];
      if (lastFailure === null) return [];
      const next = due === null ? '' : `, next try ${due}`;
      return [
        wrong(
          'run',
          `its run waits for ${activity}, attempt ${attempt}${next}: ${lastFailure}`,
          actionFor(lastFailure) ?? (/timeout/i.test(lastFailure) ? `npx nova show ${id}` : throwingCure),
        ),
      ];
    }),
  ];
}

function kafkaCheck({ emitted_at: emittedAt }: EventRowSeen): Check {
  return emittedAt === null
    ? note('kafka', 'it is not on Kafka yet')
    : fine('kafka', `Kafka acknowledged it ${at(emittedAt)}`);
}

import { type Pool } from 'pg';
import { definitionOf } from '../../contracts/catalogue';
import { type EventRef, type EventRow, eventRefOf } from '../../contracts/event-ref';
import { parseEvent, workflowTypeFor } from '../../contracts/parse-event';
import { type WorkflowType, workflowTypes } from '../../contracts/workflow-types';
import { payloadOf, rowForReplay } from '../../outbox/operators.sql';

export interface ReplayRequest {
  readonly ref: EventRef;
  readonly workflowType: WorkflowType;
  readonly emitted: boolean;
}

interface Row extends Omit<EventRow, 'id'> {
  readonly eventType: string;
  readonly started: boolean;
  readonly deadLettered: boolean;
  readonly emitted: boolean;
}

const details = `SELECT detail FROM nova.audit_findings WHERE split_part(event_id, '/', 1) = $1`;

/** Where what is known of an event is: State, and its outbox. */
export interface EventPlace {
  readonly state: Pool;
  readonly outbox: string;
  readonly pool: Pool;
}

/** The start of a further run of this event, as the bridge started the first; or why it cannot be replayed. */
export async function replayRequest(
  place: EventPlace,
  id: string,
  runType: string | null,
): Promise<ReplayRequest | string> {
  const row = (await place.pool.query<Row>(rowForReplay, [id])).rows[0];
  if (row === undefined) return 'it has no outbox row: it was never committed, or its partition is gone';
  if (row.deadLettered) return 'it is a dead letter: npx nova requeue';
  if (!row.started) return 'it is pending: a bridge starts it (npx nova show says what it waits for)';
  const definition = definitionOf(row.eventType);
  if (definition === undefined) return `this version does not know the type ${row.eventType}`;
  const ref = eventRefOf({ ...row, id }, definition.type, place.outbox);
  return { ref, workflowType: await workflowTypeOf(place, row, ref, runType), emitted: row.emitted };
}

/** From the catalogue; where that depends on the payload, from the run, from what the audit wrote of it, from the payload. */
async function workflowTypeOf(
  { state, pool }: EventPlace,
  row: Row,
  ref: EventRef,
  runType: string | null,
): Promise<WorkflowType> {
  const workflow = definitionOf(row.eventType)?.workflow;
  if (typeof workflow === 'string') return workflow;
  if (isWorkflowType(runType)) return runType;
  const { rows } = await state.query<{ detail: string }>(details, [ref.eventId]);
  const noted = rows.flatMap(({ detail }) => detail.split(/[^A-Za-z]+/)).find(isWorkflowType);
  if (noted !== undefined) return noted;
  const found = await pool.query<{ payload: unknown }>(payloadOf, [ref.eventId]);
  return workflowTypeFor(parseEvent({ ...row, payload: found.rows[0]?.payload }));
}

function isWorkflowType(name: string | null): name is WorkflowType {
  return name !== null && name in workflowTypes;
}

import { NovaError } from '../../contracts/failures';
import { aggregateFault, maxPayloadBytes, parseEvent } from '../../contracts/parse-event';
import { type Connections } from '../connections';
import { type Letter } from './desk';
import { isKnown, judgeRows, whyRefused } from './requeue';

/** Why its payload may not be changed: its effects, or some of them, may be of the one that it has. Null: it may. */
export async function whyNotAmended(
  { outboxes, workflows, retentionGuardMs }: Pick<Connections, 'outboxes' | 'workflows' | 'retentionGuardMs'>,
  letter: Letter,
): Promise<string | null> {
  if (letter.started) return 'it was started: its effects are of the payload that it has';
  const deps = { pool: outboxes.of(letter), workflows, guardMs: await retentionGuardMs() };
  const { neverStarted, unknown } = await judgeRows(deps, [letter.id]);
  if (neverStarted.length > 0) return null;
  if (await isKnown(workflows, letter.id))
    return 'Temporal knows a run of it: its effects may be of the payload that it has';
  const [forgotten] = unknown;
  return forgotten === undefined ? null : whyRefused(forgotten);
}

/** What is wrong with a payload for this row, as a bridge would say it; null: it can be started. */
export function faultOfPayload(letter: Letter, payload: unknown): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(payload) ?? '');
  if (bytes > maxPayloadBytes) return `PAYLOAD_TOO_LARGE: ${bytes} bytes; the limit is ${maxPayloadBytes}`;
  try {
    const { eventType, aggregateId, schemaVersion } = letter;
    const misplaced = aggregateFault(parseEvent({ eventType, aggregateId, schemaVersion, payload }), aggregateId);
    return misplaced === undefined ? null : `INVALID_ROW: ${misplaced}`;
  } catch (thrown) {
    if (thrown instanceof NovaError) return thrown.message;
    throw thrown;
  }
}

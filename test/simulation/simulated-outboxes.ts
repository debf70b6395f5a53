import { type Domain } from '../../contracts/events/define';
import { type ModelBreaks, ModelPostgres, newRow } from './model-postgres';
import { keyOf } from './model-temporal';
import { ModelWriters } from './model-writers';
import { type PlannedRow, kinds } from './plan';
import { type VirtualTime, epochMs } from './virtual-time';
import { type SimulatedOutbox } from './world';

interface Shape {
  readonly name: string;
  readonly domains: readonly Domain[] | undefined;
}

/** Of a deployment with one, and of one with two: the second service may not write messages. */
const shapes: Readonly<Record<1 | 2, readonly Shape[]>> = {
  1: [{ name: 'main', domains: undefined }],
  2: [
    { name: 'first', domains: undefined },
    { name: 'second', domains: ['security', 'social'] },
  ],
};

export const uuid = (space: number, n: number): string =>
  `0000000${space}-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Makes the outboxes of a plan, which all note in one map what was planned of each row. */
export function simulatedOutboxes(
  count: 1 | 2,
  world: {
    readonly time: VirtualTime;
    readonly breaks: ModelBreaks;
    /** By the row's `keyOf`. */
    readonly planned: Map<string, PlannedRow>;
    readonly plantForeign: (id: string) => void;
    readonly rolledBack: (outbox: string, rows: readonly { readonly id: string }[]) => void;
    readonly trace: (line: () => string) => void;
  },
): SimulatedOutbox[] {
  const { time, breaks, planned, plantForeign, trace } = world;
  return shapes[count].map(({ name, domains }, i) => {
    const postgres = new ModelPostgres(() => time.nowMs, breaks);
    const idOf = ({ sharedId, defect }: PlannedRow, sequence: number): string => {
      const shared = uuid(7, sharedId ?? 0);
      const isUsed = sharedId === undefined || planned.has(keyOf({ id: shared, outbox: name }));
      return count === 1 || defect === 'foreign' || isUsed ? uuid(i === 0 ? 1 : 5, sequence) : shared;
    };
    const writers = new ModelWriters<PlannedRow>(
      time,
      postgres,
      (row, aggregateId, sequence) => {
        const id = idOf(row, sequence);
        planned.set(keyOf({ id, outbox: name }), row);
        if (row.defect === 'foreign') plantForeign(id);
        const payload = row.defect === 'invalid' ? { nothing: 'that fits' } : payloadOf(row.kind, aggregateId);
        return newRow({
          ...{ id, aggregateId, payload, sequence },
          ...{ eventType: kinds[row.kind]!, createdAtMs: epochMs + time.nowMs, priority: row.kind },
        });
      },
      (rows, committed) => {
        if (!committed) world.rolledBack(name, rows);
        const about = rows.map((row) => `${row.id} of ${row.aggregateId.slice(-2)} (${row.eventType})`).join(', ');
        trace(() => `${name} ${committed ? 'committed' : 'rolled back'}: ${about}`);
      },
    );
    return { name, domains, postgres, writers, server: i === 0 ? 'outbox 0' : 'outbox 1' };
  });
}

function payloadOf(kind: number, aggregateId: string): Record<string, unknown> {
  const someone = uuid(3, 1);
  return [
    { alert_id: someone, user_id: someone, kind: 'new_login' },
    { message_id: someone, conversation_id: aggregateId, editor_id: someone },
    { follower_id: someone, followee_id: someone },
    { target_id: aggregateId, user_id: someone, emoji: '+' },
  ][kind]!;
}

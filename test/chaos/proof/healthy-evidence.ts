import { type TrueEvent } from '../../../proof/checks/truth';
import {
  comment,
  created,
  deleted,
  doubtful,
  events,
  healthy,
  messageOf,
  orphan,
  reachable,
  rolledBack,
  short,
  uploaded,
  vanished,
} from '../../unit/proof/checks/healthy';
import { type WrittenTransaction } from '../traffic/books';
import { type Evidence, type Handling } from './evidence';
import { noLosses } from './losses';

function handlingOf(of: TrueEvent, change: Partial<Handling> = {}): Handling {
  const { topic, key } = messageOf(of);
  const times = { beganAtMs: of.committedAtMs + 200, endedAtMs: of.committedAtMs + 201 };
  return { n: of.sequence, listener: 'reader', topic, key, eventId: of.id, sequence: of.sequence, ...times, ...change };
}

function transaction(tx: number, fate: WrittenTransaction['fate'], ids: readonly string[]): WrittenTransaction {
  const types = new Map(events.map((one) => [one.id, one.type]));
  const of = ids.map((eventId) => ({ id: eventId, type: types.get(eventId) ?? ('follow.added' as const) }));
  return { tx, fate, events: of, atMs: 0 };
}

/** The same run as the judge's own tests have, and what only a chaos run can know of it. */
export function healthyEvidence(): Evidence {
  const { truth, evidence } = healthy();
  return {
    ...evidence,
    truth,
    books: {
      transactions: [
        transaction(1, 'committed', [uploaded.id, created.id]),
        transaction(2, 'committed', [short.id]),
        transaction(3, 'committed', [deleted.id]),
        transaction(4, 'committed', [comment.id]),
        transaction(5, 'in doubt', [doubtful.id]),
        transaction(6, 'in doubt', [vanished]),
        transaction(7, 'rolled back', [rolledBack]),
        transaction(8, 'committed', [orphan.id]),
      ],
      reachable: new Set([reachable]),
    },
    marks: new Set([1, 2, 3, 4, 5, 8]),
    bridges: [{ instanceId: 'bridge-1', state: 'polling', reason: null, pausedTypes: [], silentForMs: 1_000 }],
    handlings: events.map((one, n) => handlingOf(one, { n })),
    held: [],
    faults: [],
    together: true,
    restores: [],
    losses: noLosses,
    findings: [],
  };
}

import { thousands as n } from '../report/thousands';
import { checked, type CheckResult } from './check';
import { type NotificationRow } from './evidence';
import { type ExpectedNotification } from './expected-notifications';

/** Sentences, by what is wrong. */
export interface NotificationFaults {
  readonly missing: readonly string[];
  readonly duplicates: readonly string[];
  readonly resurrected: readonly string[];
  readonly wrong: readonly string[];
}

/** Everyone concerned was notified exactly once, of the right thing, and of nothing that was taken back. */
export function checkNotifications(
  expected: ReadonlyMap<string, ExpectedNotification>,
  rows: readonly NotificationRow[],
): CheckResult {
  const { missing, duplicates, resurrected, wrong } = notificationFaults(expected, rows);
  const due = [...expected.values()].filter(({ presence }) => presence === 'due').length;
  const live = new Set(
    rows.flatMap(({ retracted, eventId, recipientId }) => (retracted ? [] : [`${eventId} ${recipientId}`])),
  );
  return checked(
    'notifications',
    'everyone concerned was notified once, and of nothing that was taken back',
    `${n(due)} due, ${n(live.size)} there, ${n(rows.length - live.size)} taken back, ${duplicates.length} twice`,
    {
      notifications: live.size,
      missing: missing.length,
      duplicates: duplicates.length,
      unexpected: wrong.length,
      resurrected: resurrected.length,
    },
    [...missing, ...duplicates, ...resurrected, ...wrong],
  );
}

export function notificationFaults(
  expected: ReadonlyMap<string, ExpectedNotification>,
  rows: readonly NotificationRow[],
): NotificationFaults {
  const missing: string[] = [];
  const duplicates: string[] = [];
  const wrong: string[] = [];
  const resurrected: string[] = [];
  const seen = new Map<string, number>();
  const live = new Set<string>();
  for (const row of rows) {
    const key = `${row.eventId} ${row.recipientId}`;
    const name = `${row.kind} of event ${row.eventId} to ${row.recipientId}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (!row.retracted) live.add(key);
    const due = expected.get(key);
    if (seen.get(key) === 2) duplicates.push(`${name} is there more than once`);
    if (due === undefined) wrong.push(`${name}: no one should have been notified of that`);
    else if (due.kind !== row.kind || due.inApp !== row.inApp)
      wrong.push(`${name} (inbox: ${row.inApp}), expected ${due.kind} (inbox: ${due.inApp})`);
    else if (due.presence === 'none' && !row.retracted)
      resurrected.push(`${name}: what it is about is gone, and it is still there`);
  }
  for (const [key, { kind, eventId, recipientId, presence }] of expected) {
    if (presence !== 'due') continue;
    if (!live.has(key))
      missing.push(`${kind} of event ${eventId} to ${recipientId} is ${seen.has(key) ? 'taken back' : 'not there'}`);
  }
  return { missing, duplicates, resurrected, wrong };
}

/** Names in the memo of an event's run. The first three are written by the bridge (or a replay) and say whose run it is. */
export const memoNames = {
  eventId: 'eventId',
  sequence: 'sequence',
  /** Left out: `main`. */
  outbox: 'outbox',
  /** Of a replay: which one, from 1. */
  replay: 'replay',
  /** Effects that a cancelled run left undone: an array of their names. */
  notDone: 'notDone',
  /** Why signals were ignored: an array of sentences, the first of each reason. */
  ignoredSignals: 'ignoredSignals',
} as const;

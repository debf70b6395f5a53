/**
 * The states of an outbox row, each rule written once. `row` is the alias of the row in the statement, with its dot (`o.`);
 * without it the columns stand alone. The texts are the conditions of the table's partial indexes, word for word: a statement
 * that says it otherwise reads the table.
 */
type Row = '' | `${string}.`;
type State = (row?: Row) => string;

/** Waits for a bridge: not started, and not given up. */
export const pending: State = (row = '') => `${row}published_at IS NULL AND ${row}dead_lettered_at IS NULL`;

/**
 * The same in words that fit no partial index, for statements that know the key: without statistics one of those indexes looks
 * cheaper than the key, and reads all that waits.
 */
export const pendingByKey: State = (row = '') => `coalesce(${row}published_at, ${row}dead_lettered_at) IS NULL`;

/** Temporal accepted the start of its workflow. */
export const started: State = (row = '') => `${row}published_at IS NOT NULL`;

/** A dead letter: given up, by the bridge before its start or by the emitter after it. */
export const dead: State = (row = '') => `${row}dead_lettered_at IS NOT NULL`;

/** Kafka acknowledged it. */
export const emitted: State = (row = '') => `${row}emitted_at IS NOT NULL`;

/** Will go to Kafka, started or not. */
export const unemitted: State = (row = '') => `${row}emitted_at IS NULL AND ${row}dead_lettered_at IS NULL`;

/** As `pendingByKey` is to `pending`. */
export const unemittedByKey: State = (row = '') => `coalesce(${row}emitted_at, ${row}dead_lettered_at) IS NULL`;

/** Its workflow runs or ran, and the event is not on Kafka yet. */
export const startedUnemitted: State = (row = '') => `${unemitted(row)} AND ${started(row)}`;

/** Behind a dead letter that holds back what follows it in its aggregate; meant for a pending row. */
export const held = (row: Row): string =>
  `EXISTS (SELECT FROM nova.outbox_holds d WHERE d.aggregate_id = ${row}aggregate_id AND d.sequence < ${row}sequence)`;

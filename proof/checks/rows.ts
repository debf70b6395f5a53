import { type OutboxRow } from './evidence';

/** Sentences, by what is wrong. */
export interface RowFaults {
  /** Committed and not there, or there and committed by no service. */
  readonly unaccounted: readonly string[];
  readonly unstarted: readonly string[];
  readonly unemitted: readonly string[];
  readonly givenUp: readonly string[];
  /** Attempts were counted: nothing but a fault of the row itself may do that. */
  readonly burnt: readonly string[];
  /** Started, and still with the error of an attempt before. */
  readonly blamed: readonly string[];
  readonly leased: readonly string[];
}

/**
 * Every committed event has its row, each row is started, emitted and released, and none was given up or had an attempt
 * counted. Holds where no event is at fault itself, however often servers and processes were.
 */
export function rowFaults(rows: readonly OutboxRow[], unaccounted: readonly string[] = []): RowFaults {
  const of = (is: (row: OutboxRow) => boolean, what: (row: OutboxRow) => string): string[] =>
    rows.filter(is).map((row) => `row ${row.id} ${what(row)}`);
  const why = ({ lastError }: OutboxRow): string => lastError ?? 'no reason given';
  return {
    unaccounted,
    unstarted: of(
      ({ publishedAtMs }) => publishedAtMs === null,
      (row) => `is not started: ${why(row)}`,
    ),
    unemitted: of(
      ({ emittedAtMs }) => emittedAtMs === null,
      (row) => `is not marked as emitted: ${why(row)}`,
    ),
    givenUp: of(
      ({ deadLetteredAtMs }) => deadLetteredAtMs !== null,
      (row) => `is dead-lettered: ${why(row)}`,
    ),
    burnt: of(
      ({ retryCount }) => retryCount > 0,
      (row) => `had ${row.retryCount} attempts burnt: ${why(row)}`,
    ),
    blamed: of(
      ({ publishedAtMs, lastError }) => publishedAtMs !== null && lastError !== null,
      (row) => `is started, and says ${why(row)}`,
    ),
    leased: of(
      ({ leased }) => leased,
      () => 'is still leased',
    ),
  };
}

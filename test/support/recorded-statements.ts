import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A statement as the product sent it, once per text. */
export interface RecordedStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The product's file that sent it. */
  readonly from: string;
  /** The test in which it was sent. */
  readonly test: string;
}

/** The folder that the statements of a run go to, a file of JSON lines per test file; unset: nothing is recorded. */
export const recordVariable = 'NOVA_RECORD_STATEMENTS';

/** The folder of a run of all tests, in the process that runs their set-up and teardown. */
export const folderOfRun = (): string => join(tmpdir(), `nova-statements-${process.pid}`);

/**
 * The statements that were recorded in a folder, once per text. Of one that several tests sent the first is taken, in the
 * order of the tests' names: which test ran first changes nothing.
 */
export function recorded(from: string): RecordedStatement[] {
  // What is behind the last line break is still being written: another worker may be at its last test.
  const lines = readdirSync(from).flatMap((file) => readFileSync(join(from, file), 'utf8').split('\n').slice(0, -1));
  const all = lines.map((line) => JSON.parse(line) as RecordedStatement);
  all.sort((a, b) => (a.test < b.test ? -1 : a.test > b.test ? 1 : 0));
  const byText = new Map<string, RecordedStatement>();
  for (const statement of all) if (!byText.has(statement.text)) byText.set(statement.text, statement);
  return [...byText.values()].filter(({ text }) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b/i.test(text));
}

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot } from '../../../dev/stack/paths';
import { allFunctionFiles, functionFilesOf } from '../../support/function-files';
import { functionRights, outboxTable, relationRights } from '../../../migrations/rights/decided';
import * as states from '../../../outbox/states.sql';
import { productRooms, sourcesOf } from '../../support/product-files';

const relation = Object.keys(relationRights).join('|');
const called = Object.keys(functionRights).join('|');
const unqualified = [
  new RegExp(`\\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ONLY)\\s+(?:${relation})\\b`, 'g'),
  new RegExp(`(?<![.\\w])(?:${called})\\(`, 'g'),
  new RegExp(`'(?:${relation})'::regclass`, 'g'),
];

const textOf = (file: string): string => readFileSync(join(checkoutRoot, file), 'utf8');

describe('SQL texts of the product', () => {
  // A login finds `follows` in whatever schema its search_path says; ours is found by name or not at all. A migration, which
  // makes the schema, sets the search_path of its own session.
  it('name the schema of every table, view, sequence and function of ours', () => {
    const sources = sourcesOf([...productRooms.filter((room) => room !== 'migrations'), 'dev']);
    expect(sources.length).toBeGreaterThan(200);
    const found = sources.flatMap((file) =>
      unqualified.flatMap((pattern) => [...textOf(file).matchAll(pattern)].map(([match]) => `${file}: ${match}`)),
    );
    expect(found).toEqual([]);
  });
});

/** Files that name the outbox table, and why each does. The numbered migrations make it. */
const owners: Readonly<Record<string, string>> = {
  'outbox/writes.sql.ts': 'the INSERTs of services',
  'outbox/dead-letters.sql.ts': 'what a person sees of dead letters',
  'outbox/bridge.sql.ts': 'claim, marks and gauges of a bridge',
  'outbox/events.sql.ts': 'what a workflow reads of its event and of the aggregate',
  'outbox/moves.sql.ts': 'what a move to another outbox waits for',
  'outbox/progress.sql.ts': 'how far an outbox is',
  'outbox/emit.sql.ts': 'the way to Kafka',
  'outbox/emit-again.sql.ts': 'what Kafka had and lost',
  'outbox/audit.sql.ts': 'what the audit reads',
  'outbox/operators.sql.ts': 'the operator’s commands',
  'outbox/stuck.sql.ts': 'what waits longer than it should, for the operator',
  'outbox/partitions.sql.ts': 'days: looking at them, taking them out',
  'migrations/rights/decided.ts': 'who may do what with it',
};

describe('the outbox table', () => {
  it('is named by these files only: a statement on it belongs to outbox/, beside its like', () => {
    const naming = sourcesOf(productRooms).filter((file) => textOf(file).includes(outboxTable));
    expect(naming.sort()).toEqual(Object.keys(owners).sort());
  });

  it('is named by functions of the outbox alone, and by the four that services call', async () => {
    const files = await allFunctionFiles();
    const naming = files.filter(({ name, sql }) => !name.startsWith('outbox_') && sql.includes(outboxTable));
    expect(naming.map(({ name }) => name)).toEqual([
      'nova_event_state',
      'nova_publish',
      'nova_publish_many',
      'nova_signal_deleted',
    ]);
  });

  // A second text of a rule forgets half of it some day, or is written so that no partial index serves it.
  it('has the rules of its states written once, in outbox/states.sql.ts', () => {
    const rules = [states.pending, states.pendingByKey, states.unemitted, states.unemittedByKey].map((rule) => rule());
    const column = /\b(?:\w+\.|\$\{\w+\})(?=(?:published|dead_lettered|emitted)_at\b)/g;
    const found = sourcesOf(productRooms)
      .filter((file) => file !== 'outbox/states.sql.ts')
      .flatMap((file) => {
        const text = textOf(file).replace(column, '').replace(/\s+/g, ' ');
        return rules.filter((rule) => text.includes(rule)).map((rule) => `${file}: ${rule}`);
      });
    expect(found).toEqual([]);
  });
});

describe('an outbox and State', () => {
  const tablesOf = (set: string): string[] =>
    numberedFiles
      .filter((file) => file.startsWith(`migrations/${set}/`))
      .flatMap((file) =>
        [...textOf(file).matchAll(/^CREATE (?:TABLE|VIEW|SEQUENCE) (\w+)/gm)].map(([, name]) => name!),
      );
  const naming = (files: readonly { readonly name: string; readonly sql: string }[], names: readonly string[]) => {
    const pattern = new RegExp(`\\b(?:${names.join('|')})\\b`);
    return files.filter(({ sql }) => pattern.test(sql.replace(/--.*$/gm, ''))).map(({ name }) => name);
  };

  it('have no table in common but those that both need', () => {
    const [outbox, state] = [tablesOf('outbox'), tablesOf('state')];
    expect(outbox.length).toBeGreaterThan(8);
    expect(state.length).toBeGreaterThan(15);
    expect(outbox.filter((name) => state.includes(name))).toEqual([]);
  });

  // Each is installed alone into a database that has nothing of the other.
  it('have functions that name no table of the other', async () => {
    expect(naming(await functionFilesOf('outbox'), tablesOf('state'))).toEqual([]);
    // A change by hand is the newest where the outbox of follows is in the same schema; it looks whether it is there.
    expect(naming(await functionFilesOf('state'), tablesOf('outbox'))).toEqual(['newest_follow_event']);
    expect(naming(await functionFilesOf('both'), [...tablesOf('outbox'), ...tablesOf('state')])).toEqual([]);
  });
});

describe('the states of a row', () => {
  it('are, word for word, the conditions of the table’s partial indexes, or no index would serve a statement', () => {
    const schema = textOf('docs/schema.sql');
    const asPostgresWrites = (rule: string) => {
      const parts = rule.split(' AND ').map((part) => `(${part})`);
      return parts.length === 1 ? parts.join('') : `(${parts.join(' AND ')})`;
    };
    const indexed = [states.pending, states.unemitted, states.dead, states.started, states.emitted];
    for (const rule of indexed) expect(schema).toContain(`WHERE ${asPostgresWrites(rule())};`);
  });
});

/** Every SQL file of migrations/ that is no function. */
const numberedFiles = readdirSync(join(checkoutRoot, 'migrations'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\d{4}_\w+\.sql$/.test(file))
  .map((file) => join('migrations', file));
const isHistory = (file: string): boolean => file.startsWith('migrations/united/');

describe('the functions of the schema', () => {
  // In two places, the older text would be what a database has that was migrated in another order.
  it('are made by their own files alone: no numbered file after the history of one set makes one', () => {
    const making = numberedFiles.filter(
      (file) => !isHistory(file) && /CREATE (OR REPLACE )?FUNCTION/.test(textOf(file)),
    );
    expect(making).toEqual([]);
  });

  it('have a file each, with its revision in its first line', async () => {
    const files = await allFunctionFiles();
    expect(files.map(({ name }) => name)).toEqual(Object.keys(functionRights).sort());
  });
});

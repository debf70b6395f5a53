import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync } from '@swc/core';
import { type Parts } from './parts';

const root = resolve(__dirname, '../..');

/** What parts.ts imports, and what of that a mutation may change. */
const files = [
  'contracts/event-ref',
  'contracts/run-owner',
  'outbox-bridge/alone-gate',
  'outbox-bridge/apply-outcome',
  'outbox-bridge/attempt',
  'outbox-bridge/bridge',
  'outbox-bridge/recover',
  'outbox-bridge/settler',
  'outbox-bridge/shared-outage',
  'outbox-bridge/slot-rules',
  'outbox-bridge/start-in-order',
  'runtime/start-options',
  'outbox-bridge/start-slots',
] as const;

/** A line of the product's own code, and what it is replaced by. */
export interface Mutation {
  readonly file: (typeof files)[number];
  readonly from: string;
  readonly to: string;
}

/**
 * The product as it would be with one line broken: the source, changed and compiled in memory. Everything else is the real
 * code. Fails when the line is not there exactly once, so that no mutation goes stale.
 */
export function mutant(mutation: Mutation): Parts {
  const changed = new Map<string, object>();
  const load = (file: string): object => {
    const known = changed.get(file);
    if (known !== undefined) return known;
    const path = join(root, `${file}.ts`);
    let source = readFileSync(path, 'utf8');
    if (file === mutation.file) {
      if (source.split(mutation.from).length !== 2) throw new Error(`${file}.ts has no such line: ${mutation.from}`);
      source = source.replace(mutation.from, () => mutation.to);
    }
    const { code } = transformSync(source, {
      filename: path,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const module = { exports: {} };
    changed.set(file, module.exports);
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the one way to run a changed source
    const run = new Function('require', 'module', 'exports', code) as (...args: unknown[]) => void;
    run(
      (name: string): unknown => {
        const found = name.startsWith('.') ? join(dirname(path), name) : name;
        const local = files.find((each) => each === relative(root, found));
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- the neighbours, as the source names them
        return local === undefined ? (require(found) as unknown) : load(local);
      },
      module,
      module.exports,
    );
    return module.exports;
  };
  return Object.assign({}, ...files.map(load)) as Parts;
}

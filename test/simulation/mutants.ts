import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from '@swc/core';
import { type Bridge } from '../../outbox-bridge/bridge';

const home = resolve(__dirname, '../../outbox-bridge');

/** A line of the bridge's own code, and what it is replaced by. */
export interface Mutation {
  readonly file: 'apply-outcome' | 'attempt' | 'bridge' | 'settler' | 'start-in-order';
  readonly from: string;
  readonly to: string;
}

/**
 * The bridge as it would be with one line broken: the source, changed and compiled in memory. Everything else is the real
 * code. Fails when the line is not there exactly once, so that no mutation goes stale.
 */
export function mutant(mutation: Mutation): typeof Bridge {
  const changed = new Map<string, object>();
  const load = (file: string): object => {
    const known = changed.get(file);
    if (known !== undefined) return known;
    let source = readFileSync(join(home, `${file}.ts`), 'utf8');
    if (file === mutation.file) {
      if (source.split(mutation.from).length !== 2) throw new Error(`${file}.ts has no such line: ${mutation.from}`);
      source = source.replace(mutation.from, () => mutation.to);
    }
    const { code } = transformSync(source, {
      filename: join(home, `${file}.ts`),
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'commonjs' },
    });
    const module = { exports: {} };
    changed.set(file, module.exports);
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the one way to run a changed source
    const run = new Function('require', 'module', 'exports', code) as (...args: unknown[]) => void;
    run(
      (name: string): unknown => {
        const local = /^\.\/(apply-outcome|attempt|bridge|settler|start-in-order)$/.exec(name)?.[1];
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- the neighbours, as the source names them
        return local === undefined ? (require(name.startsWith('.') ? join(home, name) : name) as unknown) : load(local);
      },
      module,
      module.exports,
    );
    return module.exports;
  };
  return (load('bridge') as { Bridge: typeof Bridge }).Bridge;
}

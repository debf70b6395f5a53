import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const notSources = /(^|\/)(node_modules|dist|histories)(\/|$)/;
const folders = readdirSync('.', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !notSources.test(entry.name))
  .map(({ name }) => name);
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.ts') && !notSources.test(path)),
);
const known = new Set(files);

/** What a file names in `from '…'`, `import '…'` or `import('…')`; imports of types count like all others. */
function importsOf(path: string, source: string): string[] {
  return [...source.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].flatMap(([, name = '']) => {
    const target = normalize(join(dirname(path), name));
    return [`${target}.ts`, join(target, 'index.ts'), target].filter((candidate) => known.has(candidate)).slice(0, 1);
  });
}

/** The first cycle that a walk along the imports meets, from a file back to itself. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (path: string, before: readonly string[]): string[] => {
    const start = before.indexOf(path);
    if (start >= 0) return [...before.slice(start), path];
    if (done.has(path)) return [];
    for (const next of graph.get(path) ?? []) {
      const cycle = walk(next, [...before, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const cycle = walk(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

it('no file imports itself by way of others, not even its types, which lint does not see', () => {
  expect(files.length).toBeGreaterThan(700);
  const graph = new Map(files.map((path) => [path, importsOf(path, readFileSync(path, 'utf8'))]));
  expect([...graph.values()].flat().length).toBeGreaterThan(2_000);
  expect(cycleIn(graph)).toEqual([]);
});

it('a cycle of types is found', () => {
  const [one = '', other = ''] = ['activities/guard.ts', 'runtime/errors.ts'];
  const graph = new Map([
    [one, importsOf(one, `import { type A } from '../runtime/errors';`)],
    [other, importsOf(other, `export type { B } from '../activities/guard';`)],
  ]);
  expect(cycleIn(graph)).toEqual([one, other, one]);
});

it('no schema is in the workflow bundle: its imports run again for each run', () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const walk = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const source = readFileSync(path, 'utf8').replaceAll(/\b(?:import|export) type [^;]*;|\btype \w+,?/g, '');
    const loaded = source.replaceAll(/\b(?:import|export) \{\s*\} from '[^']*';/g, '');
    for (const [, name = ''] of loaded.matchAll(/\bfrom '([^'.][^']*)'/g)) packages.add(name);
    importsOf(path, loaded).forEach(walk);
  };
  walk('workflows/index.ts');
  expect(seen).toContain('contracts/failures.ts');
  expect([...packages].filter((name) => !name.startsWith('@temporalio/'))).toEqual([]);
});

it('the folder of the workflows lists the workflows, one per file, and what makes them up', () => {
  const registered = [...readFileSync('workflows/index.ts', 'utf8').matchAll(/from '\.\/([\w-]+)'/g)].map(
    ([, name = '']) => `${name}.ts`,
  );
  const others = ['activities.ts', 'index.ts', 'signals.ts', 'steps'];
  expect(readdirSync('workflows').sort()).toEqual([...registered, ...others].sort());
});

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { productRooms, sourcesOf } from '../support/product-files';

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

describe('an interface that one class implements', () => {
  /** Those whose comment does not say which port they are, by name. */
  const unexplained = (sources: readonly string[]): string[] => {
    const classes = new Map<string, number>();
    const comments = new Map<string, string>();
    for (const source of sources)
      for (const statement of ts.createSourceFile('', source, ts.ScriptTarget.Latest, true).statements) {
        if (ts.isInterfaceDeclaration(statement)) comments.set(statement.name.text, statement.getFullText());
        if (!ts.isClassDeclaration(statement)) continue;
        const implemented = statement.heritageClauses?.filter(({ token }) => token === ts.SyntaxKind.ImplementsKeyword);
        for (const { expression } of implemented?.flatMap(({ types }) => [...types]) ?? [])
          classes.set(expression.getText(), (classes.get(expression.getText()) ?? 0) + 1);
      }
    return [...classes].flatMap(([name, count]) => {
      const comment = comments.get(name);
      return count > 1 || comment === undefined || /A port[:,]/.test(comment) ? [] : [name];
    });
  };

  it('says at its declaration why it is a port', () => {
    const sources = sourcesOf(productRooms).map((path) => readFileSync(path, 'utf8'));
    expect(unexplained(sources.filter((source) => /\bclass .*\bimplements\b|\binterface\b/.test(source)))).toEqual([]);
  });

  it('is found when it does not', () => {
    const port = (comment: string) => [
      `/** ${comment} */\ninterface Store { get(): string }`,
      'class One implements Store {}',
    ];
    expect(unexplained(port('Stores things.'))).toEqual(['Store']);
    expect(unexplained(port('Stores things. A port: Redis stays behind it.'))).toEqual([]);
    expect(unexplained([...port('Stores things.'), 'class Other implements Store {}'])).toEqual([]);
  });
});

it('the folder of the workflows lists the workflows, one per file, and what makes them up', () => {
  const registered = [...readFileSync('workflows/index.ts', 'utf8').matchAll(/from '\.\/([\w-]+)'/g)].map(
    ([, name = '']) => `${name}.ts`,
  );
  const others = ['activities.ts', 'first-step.ts', 'index.ts', 'run-ends.ts', 'signals.ts', 'steps', 'story.ts'];
  expect(readdirSync('workflows').sort()).toEqual([...registered, ...others].sort());
});

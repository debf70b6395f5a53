import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolders, repository } from './workshop';

/** A piece of TypeScript in a document that people copy. */
export interface Snippet {
  /** File name of its module, without the ending. */
  readonly name: string;
  readonly document: string;
  readonly code: string;
}

/**
 * `<!-- compiled: name`, then lines that the reader does not see (imports, declarations), `-->`, then the block. With `recipe`
 * in the place of `compiled`, it needs a library of its own.
 */
const marked = /<!-- (?<kind>compiled|recipe): (?<name>[a-z0-9-]+)(?<before>[^]*?)-->\s*```ts\n(?<code>[^]*?)```/g;

/** The marked snippets of the README, of docs/ and of the packages' own pages. */
export async function snippets(kind: 'compiled' | 'recipe'): Promise<Snippet[]> {
  const pages = (await readdir(join(repository, 'docs'))).filter((file) => file.endsWith('.md'));
  const documents = [
    'README.md',
    ...packageFolders.map((name) => `${name}/README.md`),
    ...pages.map((p) => `docs/${p}`),
  ];
  const found = await Promise.all(
    documents.map(async (document) => {
      const text = await readFile(join(repository, document), 'utf8');
      const ofKind = [...text.matchAll(marked)].filter(({ groups }) => groups!['kind'] === kind);
      return ofKind.map(({ groups }) => ({
        name: groups!['name']!,
        document,
        code: asModule(groups!['before']!, groups!['code']!),
      }));
    }),
  );
  return found.flat();
}

/**
 * A module that CommonJS can have too: what is no import or declaration stands in the function `snippet`, where `await` may. What
 * the reader does not see declared (`declare const tx: PoolClient, id: string;`) are its parameters, in their order.
 */
function asModule(before: string, code: string): string {
  if (/^export /m.test(code)) return `${before}\n${code}`;
  const imports = /^import [^;]*;$/gm;
  const declared = /^declare const (.+);$/gm;
  const parameters = [...before.matchAll(declared)].map(([, names]) => names).join(', ');
  const head = [before.replace(declared, ''), ...(code.match(imports) ?? [])].join('\n');
  return `${head}\nexport async function snippet(${parameters}) {\n${code.replace(imports, '')}\n}\n`;
}

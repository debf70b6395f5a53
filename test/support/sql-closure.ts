import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { checkoutRoot } from '../../dev/stack/paths';

/** A text in the sources with `nova.` in it, and every relation and function of ours that it names, itself or by what it is put together of. */
export interface SqlText {
  readonly file: string;
  /** Of the constant or function that the text is in. */
  readonly name: string;
  readonly names: ReadonlySet<string>;
}

interface Source {
  readonly file: ts.SourceFile;
  /** Initializers and bodies of what the file declares at its top, by name. */
  readonly declared: ReadonlyMap<string, ts.Node>;
  /** Local name → file and name there. */
  readonly imported: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
}

/** Names that are put in: partitions are named by the day, and the tables of ledgers stand in a list. */
const putIn: Readonly<Record<string, string>> = {
  quoted: 'outbox_events',
  pastPartition: 'outbox_events',
  table: 'notification_deliveries',
};

/** The SQL texts of some sources. A text that another one is put into counts for both. */
export function sqlTextsOf(files: readonly string[]): SqlText[] {
  const sources = new Map<string, Source | undefined>();
  const sourceOf = (file: string): Source | undefined => {
    if (!sources.has(file)) sources.set(file, read(file));
    return sources.get(file);
  };
  return files.flatMap((file) => {
    const source = sourceOf(file);
    return source === undefined ? [] : textsIn(source, file, sourceOf);
  });
}

function textsIn(source: Source, file: string, sourceOf: (file: string) => Source | undefined): SqlText[] {
  const found: SqlText[] = [];
  const visit = (node: ts.Node, name: string): void => {
    if (isText(node)) {
      const names = new Set<string>();
      gather(node, file, names, new Set(), sourceOf);
      if (names.size > 0) found.push({ file, name, names });
      return;
    }
    const own = (node as { name?: ts.Node }).name;
    const inside = own !== undefined && ts.isIdentifier(own) ? own.text : name;
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source.file, '');
  return found;
}

/** Adds the names in a node, and in the constants that it refers to. */
function gather(
  node: ts.Node,
  file: string,
  names: Set<string>,
  seen: Set<string>,
  sourceOf: (file: string) => Source | undefined,
): void {
  if (isText(node)) {
    for (const [, name] of node.getText().matchAll(/\bnova\.([a-z_]+)/g)) names.add(name!);
    for (const [, name] of node.getText().matchAll(/\bnova\.\$\{(\w+)/g)) names.add(putIn[name!] ?? name!);
  }
  if (ts.isIdentifier(node)) {
    const source = sourceOf(file);
    const other = source?.imported.get(node.text);
    const [where, name] = other === undefined ? [file, node.text] : [other.file, other.name];
    const declared = sourceOf(where)?.declared.get(name);
    if (declared !== undefined && !seen.has(`${where} ${name}`)) {
      seen.add(`${where} ${name}`);
      gather(declared, where, names, seen, sourceOf);
    }
  }
  ts.forEachChild(node, (child) => gather(child, file, names, seen, sourceOf));
}

function isText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}

function read(file: string): Source | undefined {
  let text: string;
  try {
    text = readFileSync(join(checkoutRoot, file), 'utf8');
  } catch {
    return undefined;
  }
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const declared = new Map<string, ts.Node>();
  const imported = new Map<string, { file: string; name: string }>();
  for (const statement of parsed.statements) {
    if (ts.isVariableStatement(statement))
      for (const { name, initializer } of statement.declarationList.declarations)
        if (ts.isIdentifier(name) && initializer !== undefined) declared.set(name.text, initializer);
    if (ts.isFunctionDeclaration(statement) && statement.name !== undefined && statement.body !== undefined)
      declared.set(statement.name.text, statement.body);
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const bindings = statement.importClause?.namedBindings;
      const { text: from } = statement.moduleSpecifier;
      if (bindings === undefined || !ts.isNamedImports(bindings) || !from.startsWith('.')) continue;
      for (const { name, propertyName } of bindings.elements)
        imported.set(name.text, { file: `${join(dirname(file), from)}.ts`, name: (propertyName ?? name).text });
    }
  }
  return { file: parsed, declared, imported };
}

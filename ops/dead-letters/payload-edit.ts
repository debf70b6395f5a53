import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneLine } from '../../runtime/errors';

export interface EditOptions {
  /** A file with the whole payload; `-`: the standard input. */
  readonly file?: string;
  /** `path=value`, the value as JSON, or as text where it is none. */
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
}

type Json = Record<string, unknown>;

/**
 * The payload as a person wants it: from a file, by single fields, or from their editor.
 * @throws Error that says what is not possible
 */
export function editedPayload(payload: unknown, options: EditOptions, editor: string | undefined): unknown {
  const { file, set = [], unset = [] } = options;
  const byFields = set.length + unset.length > 0;
  if (file !== undefined && byFields) throw new Error('--file and --set exclude each other');
  if (file !== undefined) return parsed(readFileSync(file === '-' ? 0 : file, 'utf8'), `--file ${file}`);
  if (byFields) return withFields(payload, set, unset);
  if (!process.stdin.isTTY || editor === undefined)
    throw new Error(
      'correct it how? --set path=value, --file <path> (- for the standard input), or EDITOR on a terminal',
    );
  return fromEditor(payload, editor);
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new Error(`${what} is not JSON: ${oneLine(thrown)}`, { cause: thrown });
  }
}

function withFields(payload: unknown, set: readonly string[], unset: readonly string[]): unknown {
  const changed = structuredClone(payload);
  for (const text of set) {
    const at = text.indexOf('=');
    if (at < 1) throw new Error(`--set ${text}: path=value, as in --set user_id=… or --set 'mentions.0="…"'`);
    const [holder, name] = placeOf(changed, text.slice(0, at));
    holder[name] = valueOf(text.slice(at + 1));
  }
  for (const path of unset) {
    const [holder, name] = placeOf(changed, path);
    if (Array.isArray(holder)) holder.splice(Number(name), 1);
    else delete holder[name];
  }
  return changed;
}

/** The object or list that has the last name of a path. */
function placeOf(payload: unknown, path: string): [Json, string] {
  const names = path.split('.');
  let holder = payload;
  for (const name of names.slice(0, -1)) holder = Object(holder) === holder ? (holder as Json)[name] : undefined;
  if (Object(holder) !== holder) throw new Error(`${path}: there is no ${names.slice(0, -1).join('.') || 'object'}`);
  return [holder as Json, names.at(-1)!];
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** In a file that only its user may read, and that is gone afterwards: it is content of people. */
function fromEditor(payload: unknown, editor: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'nova-amend-'));
  try {
    const file = join(folder, 'payload.json');
    writeFileSync(file, `${JSON.stringify(payload, null, 2)}\n`, { mode: 0o600 });
    // As git does it: the editor may have options.
    const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    if (error !== undefined || status !== 0) throw new Error(`${editor} ended with ${error?.message ?? status}`);
    return parsed(readFileSync(file, 'utf8'), 'what you have written');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

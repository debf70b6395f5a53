import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Pool } from 'pg';

/** A statement as the product sent it, once per text. */
export interface RecordedStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The product's file that sent it. */
  readonly from: string;
}

/** The folder that the statements of a run go to, a file of JSON lines per process; unset: nothing is recorded. */
export const recordVariable = 'NOVA_RECORD_STATEMENTS';

const folder = process.env[recordVariable];
if (folder !== undefined && folder !== '') record(folder);

/** Wraps both ways a statement is sent, and keeps those whose sender is a file of the product. */
function record(into: string): void {
  const file = join(into, `${process.pid}-${Date.now()}.jsonl`);
  const root = join(__dirname, '../..');
  const seen = new Set<string>();
  for (const { prototype } of [Client, Pool] as { prototype: { query: (...args: unknown[]) => unknown } }[]) {
    const send = prototype.query;
    prototype.query = function (this: unknown, ...args: unknown[]): unknown {
      const [first, second] = args;
      const config = typeof first === 'object' && first !== null ? (first as { text?: unknown; values?: unknown }) : {};
      const text = typeof first === 'string' ? first : config.text;
      const values = Array.isArray(second) ? second : Array.isArray(config.values) ? config.values : [];
      if (typeof text === 'string' && !seen.has(text)) {
        const from = senderOf(root, new Error('here').stack ?? '');
        if (from !== undefined) {
          seen.add(text);
          appendFileSync(file, `${JSON.stringify({ text, values, from } satisfies RecordedStatement)}\n`);
        }
      }
      return Reflect.apply(send, this, args);
    };
  }
}

/** The first file above the database's own code; undefined when that is a test's. */
function senderOf(root: string, stack: string): string | undefined {
  const files = stack.split('\n').flatMap((line) => {
    const path = /\(?(\/[^():]+):\d+:\d+\)?$/.exec(line.trim())?.[1];
    return path?.startsWith(`${root}/`) ? [path.slice(root.length + 1)] : [];
  });
  const sender = files.find((file) => !/^(node_modules|runtime)\/|pg-query|record-statements/.test(file));
  return sender === undefined || /^(test|dev)\//.test(sender) ? undefined : sender;
}

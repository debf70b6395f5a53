import { appendFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Client, Pool } from 'pg';
import { type RecordedStatement, recordVariable } from './recorded-statements';

const root = join(__dirname, '../..');
const folder = process.env[recordVariable];
if (folder !== undefined && folder !== '') record(folder);

/** Wraps both ways a statement is sent, and keeps those whose sender is a file of the product. */
function record(into: string): void {
  const test = relative(root, expect.getState().testPath ?? root);
  const file = join(into, `${test.replaceAll('/', '.')}.jsonl`);
  const seen = new Set<string>();
  for (const { prototype } of [Client, Pool] as { prototype: { query: (...args: unknown[]) => unknown } }[]) {
    const send = prototype.query;
    prototype.query = function (this: unknown, ...args: unknown[]): unknown {
      const [first, second] = args;
      const config = typeof first === 'object' && first !== null ? (first as { text?: unknown; values?: unknown }) : {};
      const text = typeof first === 'string' ? first : config.text;
      const values = Array.isArray(second) ? second : Array.isArray(config.values) ? config.values : [];
      if (typeof text === 'string' && !seen.has(text)) {
        const from = senderOf(new Error('here').stack ?? '');
        if (from !== undefined) {
          seen.add(text);
          appendFileSync(file, `${JSON.stringify({ text, values, from, test } satisfies RecordedStatement)}\n`);
        }
      }
      return Reflect.apply(send, this, args);
    };
  }
}

/** The first file above the database's own code; undefined when that is a test's or the judge's. */
function senderOf(stack: string): string | undefined {
  const files = stack.split('\n').flatMap((line) => {
    const path = /\(?(\/[^():]+):\d+:\d+\)?$/.exec(line.trim())?.[1];
    return path?.startsWith(`${root}/`) ? [path.slice(root.length + 1)] : [];
  });
  const sender = files.find((file) => !/^(node_modules|runtime)\/|pg-query|record-statements/.test(file));
  return sender === undefined || /^(test|dev|proof)\//.test(sender) ? undefined : sender;
}

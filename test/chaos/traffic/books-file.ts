import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceName } from '../../../proof/services';
import { type Books, booksFrom, type WrittenEvent, type BooksLine } from './books';

/** The books' file in the folder of a run. */
export function booksPath(folder: string): string {
  return join(folder, 'books.jsonl');
}

/** Append-only and written at once, so that whatever ends the writers leaves the books as they were. */
export class BooksFile {
  private last = 0;
  /** Events in committed transactions, and in those in doubt. */
  committed = 0;
  inDoubt = 0;

  constructor(private readonly path: string) {}

  /** Number of a transaction that begins. */
  begin(): number {
    this.last += 1;
    return this.last;
  }

  /** Right before COMMIT is sent. */
  committing(tx: number, atMs: number, events: readonly WrittenEvent[], service?: ServiceName): void {
    this.append({ says: 'committing', tx, service, atMs, events });
  }

  isCommitted(tx: number, events: readonly WrittenEvent[]): void {
    this.append({ says: 'committed', tx });
    this.committed += events.length;
  }

  isInDoubt(tx: number, events: readonly WrittenEvent[]): void {
    this.append({ says: 'in doubt', tx });
    this.inDoubt += events.length;
  }

  isRolledBack(tx: number, atMs: number, events: readonly WrittenEvent[], why: string, service?: ServiceName): void {
    this.append({ says: 'rolled back', tx, service, atMs, events, why });
  }

  areReachable(people: readonly string[]): void {
    this.append({ says: 'reachable', people });
  }

  private append(line: BooksLine): void {
    appendFileSync(this.path, `${JSON.stringify(line)}\n`);
  }
}

/** The books of a run, read from its folder. */
export function readBooks(folder: string): Books {
  const lines = readFileSync(booksPath(folder), 'utf8').trimEnd().split('\n');
  return booksFrom(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as BooksLine));
}

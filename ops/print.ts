import { columnLines } from './terminal/columns';
import { type LetterGroup } from './dead-letters/dead-letter-groups';
import { type LetterOfOutbox } from './dead-letters/dead-letters';
import { type EventStory } from './show/event-story';
import { storyLines } from './show/story-lines';
import { ofOutbox } from './audit/open-findings';
import { holdText } from './dead-letters/held-aggregates';
import { type RequeuedByOutbox } from './dead-letters/requeue-anywhere';

/** For people: aligned columns. For programs: one JSON object or array. */
export const print = {
  /** The result of a command: its text, or as it is. */
  result<T>(result: T, text: (result: T) => string, json: boolean): void {
    if (json) return printJson(result);
    console.log(text(result));
  },

  /** @param several whether there are outboxes to distinguish */
  story(story: EventStory & { readonly webUi: string | null }, json: boolean, several: boolean): void {
    if (json) return printJson(story);
    printRow(story.row, several);
    for (const other of story.otherRows) {
      console.log(`\nanother row of this id${twinText(story.row.outbox, other.outbox)}`);
      printRow(other, several);
    }
    if (story.hold !== null) console.log(`${'HOLD'.padEnd(18)} ${holdText(story.hold)}`);
    for (const { kind, detail, outbox, firstSeen } of story.findings)
      console.log(
        `${'AUDIT'.padEnd(18)} ${kind}${several ? ` ${ofOutbox({ outbox })}` : ''} since ${firstSeen.toISOString()}: ${detail}`,
      );
    console.log('');
    for (const line of storyLines(story, story.webUi)) console.log(line);
    if (story.deliveries.length > 0) {
      console.log('');
      const heads = Object.keys(story.deliveries[0] ?? {});
      columns([
        heads.map((head) => head.toUpperCase()),
        ...story.deliveries.map((row) => heads.map((head) => text(row[head]))),
      ]);
    }
  },

  deadLetters(letters: readonly LetterOfOutbox[], json: boolean, several: boolean): void {
    if (json) return printJson(letters);
    if (letters.length === 0) return console.log('no dead letters');
    const lines = letters.map((l) => [l.outbox, l.id, l.eventType, l.deadLetteredAt.toISOString(), l.lastError]);
    columns([['OUTBOX', 'EVENT', 'TYPE', 'SINCE', 'WHY'], ...lines].map((line) => (several ? line : line.slice(1))));
  },

  letterGroups(groups: readonly LetterGroup[], json: boolean, several: boolean): void {
    if (json) return printJson(groups);
    if (groups.length === 0) return console.log('no dead letters');
    const lines = groups.map(({ outbox, count, eventType, first, last, example, reason }) => [
      ...[outbox, String(count), eventType, first.toISOString(), last.toISOString(), example, reason],
    ]);
    const head = ['OUTBOX', 'COUNT', 'TYPE', 'FIRST', 'LAST', 'EXAMPLE', 'WHY'];
    columns([head, ...lines].map((line) => (several ? line : line.slice(1))));
  },

  requeued(done: RequeuedByOutbox, json: boolean): void {
    if (json) return printJson(done);
    console.log(`requeued ${done.requeued.length}`);
    for (const id of done.vouchedFor) console.log(`${id} starts again on your word that it never ran`);
    for (const { id, why } of done.refused) console.log(`${id} not requeued: ${why}`);
    for (const id of done.notDeadLettered) console.log(`${id} is not a dead letter`);
  },

  acknowledged(done: readonly string[], asked: readonly string[], json: boolean): void {
    const not = asked.filter((id) => !done.includes(id.toLowerCase()));
    if (json) return printJson({ acknowledged: done, nothingAgainst: not });
    console.log(`acknowledged ${done.length}`);
    for (const id of not) console.log(`the audit has nothing against ${id}`);
  },

  rebuilt(feeds: number, json: boolean): void {
    if (json) return printJson({ rebuilt: feeds });
    console.log(`rebuilt ${feeds} feeds`);
  },
};

function printJson(value: unknown): void {
  console.log(JSON.stringify(value));
}

function columns(rows: readonly (readonly string[])[]): void {
  for (const line of columnLines(rows)) console.log(line);
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** @param several whether the outbox is worth a line */
function printRow(row: Readonly<Record<string, unknown>>, several: boolean): void {
  for (const [column, value] of Object.entries(row))
    if (several || column !== 'outbox') console.log(`${column.padEnd(18)} ${text(value)}`);
}

/** Two rows of one id are one event, whichever outbox they are in. */
function twinText(first: string, other: string): string {
  if (first === other) return '';
  return `, in the outbox ${other}: a duplicate of the one in ${first}. An id is one event, whichever database it is written in; publish the other under an id of its own`;
}

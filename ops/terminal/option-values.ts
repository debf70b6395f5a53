import { type EventType, definitionOf } from '../../contracts/catalogue';
import { didYouMean } from '../../contracts/near-words';
import { failures } from '../../contracts/failures';
import { isUuid } from '../../runtime/uuid';

/** Of a command that looks at rows. */
export const outboxOption = ['--outbox <name>', 'only this outbox (OUTBOXES); left out: all'] as const;

/** What a person typed as a limit. @throws Error that says what is allowed */
export function limitFrom(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000)
    throw new Error(`--limit ${text} is no whole number from 1 to 100000`);
  return limit;
}

/** What a person typed as a rate. @throws Error that says what is allowed */
export function perSecondFrom(text: string): number {
  const rate = Number(text);
  if (!Number.isInteger(rate) || rate < 1 || rate > 10_000)
    throw new Error(`--per-second ${text} is no whole number from 1 to 10000`);
  return rate;
}

/** Says at once what is wrong with an id, instead of letting PostgreSQL complain. */
export function checkedIds(ids: readonly string[]): readonly string[] {
  const wrong = ids.filter((id) => !isUuid(id));
  if (wrong.length > 0) throw new Error(`not a UUID: ${wrong.join(', ')}`);
  return ids;
}

/** What a person typed as an event type, in any spelling. @throws Error when there is none */
export function typeFrom(text: string): EventType {
  const definition = definitionOf(text);
  if (definition === undefined) throw new Error(`no event type is called ${text} (docs/events.md)`);
  return definition.type;
}

/** What a person typed as a failure code. @throws Error with the nearest code that there is */
export function codeFrom(text: string): string {
  if (text in failures) return text;
  throw new Error(`--code ${text} is not in docs/failures.md${didYouMean(text, Object.keys(failures))}`);
}

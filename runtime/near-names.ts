import { type Environment, type Settings } from './config';
import { type Logger } from './logger';
import { fileVariable } from './secret-files';

export interface NearName {
  /** A variable that is set and that no setting has. */
  readonly given: string;
  /** The setting that it is nearly spelled like, and that is not set. */
  readonly meant: string;
}

/**
 * Variables that are probably misspelt: no setting has their name, but one that is not set has nearly the same. One letter in
 * five may differ (`KAFKA_BROKER`, `OUTBOX_MAX_RETRY`); the nearest is meant.
 */
export function nearNames(settings: Settings, environment: Environment): NearName[] {
  const known = new Set(
    Object.values(settings).flatMap((each) => [each.env, ...(each.secret ? [fileVariable(each)] : [])]),
  );
  const unset = [...known].filter((name) => environment[name] === undefined);
  return Object.keys(environment)
    .filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name) && !known.has(name))
    .flatMap((given) => {
      const near = unset
        .map((name) => ({ meant: name, letters: distance(given, name) }))
        .filter(({ letters }) => letters <= Math.floor(given.length / 5))
        .sort((a, b) => a.letters - b.letters);
      return near[0] === undefined ? [] : [{ given, meant: near[0].meant }];
    });
}

/** Warns of each once. */
export function warnOfNearNames(settings: Settings, environment: Environment, logger: Logger): void {
  for (const near of nearNames(settings, environment))
    logger.warn({ variable: near.given, setting: near.meant }, nearNameText(near));
}

export const nearNameText = ({ given, meant }: NearName): string =>
  `${given} is no setting and has no effect; did you mean ${meant}?`;

/** How many letters must be put in, taken out or changed (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, against] of [...other].entries())
      next.push(Math.min((row[j] ?? 0) + (letter === against ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Longer words are compared by their beginning, characters: they may come from anywhere. */
const longest = 60;

/** A word as it is compared: capitals, and what may stand between its parts, are no difference (`userId`, `user-id`). */
const plain = (word: string): string =>
  word
    .slice(0, longest)
    .toLowerCase()
    .replace(/[_.\- ]/g, '');

/** Letters that may be wrong: one in a short word, two from twelve letters on, three from sixteen. */
const mayDiffer = (letters: number): number => Math.max(1, Math.floor(letters / 4) - 1);

/**
 * The known words that are nearest to one that is not known, and near enough to be meant, in the order of `known`. Empty: none is;
 * several: they are equally near. `nova_meant` in SQL is the same rule.
 */
export function meantBy(word: string, known: Iterable<string>): string[] {
  const given = plain(word);
  let nearest = mayDiffer(Math.min(word.length, longest));
  let meant: string[] = [];
  for (const candidate of known) {
    const other = plain(candidate);
    if (Math.abs(other.length - given.length) > nearest) continue;
    const letters = distance(given, other);
    if (letters < nearest) [nearest, meant] = [letters, []];
    if (letters === nearest) meant.push(candidate);
  }
  return meant;
}

/** The end of a message about a word that is not known: `; did you mean a or b?`, or an empty text. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const meant = meantBy(word, known);
  return meant.length === 0 ? '' : `; did you mean ${meant.join(' or ')}?`;
}

/** How many letters must be put in, taken out, changed or exchanged with the next one. */
function distance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = last[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      const isExchanged = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const exchanged = isExchanged ? beforeLast[j - 2]! + 1 : Infinity;
      row.push(Math.min(changed, exchanged, last[j]! + 1, row[j - 1]! + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[other.length]!;
}

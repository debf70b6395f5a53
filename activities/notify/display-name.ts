/**
 * Names are chosen by users, and mail programs make a link of whatever looks like an address: `evil.example/login`, a
 * telephone number, `@name`. So a name keeps only words that cannot be clicked. One line, no control characters, bounded.
 */
export function displayName(name: string | undefined): string {
  const words = (name ?? '')
    // Look-alikes become what they look like: `ｅｖｉｌ․ｃｏｍ` is `evil.com`.
    .normalize('NFKC')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(dots, '.')
    .replace(/[\p{Nd}().+/-][\p{Nd}().+/\s-]{5,}\p{Nd}/gu, (digits) => (isTelephone(digits) ? ' ' : digits))
    .split(/\s+/u)
    .filter((word) => word !== '' && !isClickable(word))
    .map((word) => word.replace(/[@<>]/gu, ''))
    .filter((word) => word !== '');
  if (words.length === 0) return unnamed;
  const characters = Array.from(words.join(' '));
  return characters.length > maxCharacters
    ? `${characters.slice(0, maxCharacters - 1).join('')}…`
    : characters.join('');
}

const unnamed = 'Somebody';
const maxCharacters = 80;

/** What browsers take for the dot of a domain. */
const dots = /[\u3002\uFF0E\uFF61\u2024\u2027\uFE52]/gu;

function isClickable(word: string): boolean {
  return (
    // A path, or `user@host`.
    /[/\\]/u.test(word) ||
    /\S@\S/u.test(word) ||
    // A scheme: `mailto:x`, `javascript:x`, `tel:1`.
    /^\p{L}[\p{L}\p{Nd}+.-]+:\S/u.test(word) ||
    /^www\./iu.test(word) ||
    // `name.tld`, also with an xn-- or a non-Latin ending, and what remains of one that was cut: `.com`.
    /\.\p{L}[\p{M}\p{L}\p{Nd}-]+/u.test(word) ||
    // An address of numbers.
    /\p{Nd}+(?:\.\p{Nd}+){3}/u.test(word)
  );
}

/** Seven digits or more, however they are grouped. */
function isTelephone(text: string): boolean {
  return (text.match(/\p{Nd}/gu) ?? []).length >= 7;
}

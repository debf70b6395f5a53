import fc from 'fast-check';
import { displayName } from '../../../../activities/notify/display-name';

describe('a name in an e-mail', () => {
  it.each([
    ['Ada Lovelace', 'Ada Lovelace'],
    ['J. R. R. Tolkien', 'J. R. R. Tolkien'],
    ['J.R.R. Tolkien', 'J.R.R. Tolkien'],
    ['Dr. Müller-Lüdenscheidt', 'Dr. Müller-Lüdenscheidt'],
    ["O'Brien & Söhne", "O'Brien & Söhne"],
    ['Zoë 🌸', 'Zoë 🌸'],
    ['山田太郎', '山田太郎'],
    ['محمد علي', 'محمد علي'],
    ['Agent 007', 'Agent 007'],
    ['Class of 1984', 'Class of 1984'],
    ['12:30', '12:30'],
  ])('stays what it is: %s', (name, shown) => expect(displayName(name)).toBe(shown));

  it.each([
    ['evil.com/login', 'Somebody'],
    ['Your bank evil.com', 'Your bank'],
    ['http://evil.com', 'Somebody'],
    ['HTTPS://EVIL.COM/x now', 'now'],
    ['//evil.com', 'Somebody'],
    ['hxxp:\\\\evil', 'Somebody'],
    ['www.evil', 'Somebody'],
    ['evil.com.', 'Somebody'],
    ['(evil.com)', 'Somebody'],
    ['evil.com:8080', 'Somebody'],
    ['evil.com?x=1', 'Somebody'],
    ['evil.com,', 'Somebody'],
    ['evil\u3002com', 'Somebody'],
    ['evil\uFF0Ecom', 'Somebody'],
    ['evil\u2024com', 'Somebody'],
    ['ｅｖｉｌ．ｃｏｍ', 'Somebody'],
    ['evil.\u200Bcom', 'evil. com'],
    ['evil\u200B.com', 'evil'],
    ['пример.рф', 'Somebody'],
    ['evil.xn--p1ai', 'Somebody'],
    ['x.टेस्ट', 'Somebody'],
    ['192.168.0.1', 'Somebody'],
    ['http:evil', 'Somebody'],
    ['mailto:a', 'Somebody'],
    ['javascript:alert(1)', 'Somebody'],
    ['tel:5551234', 'tel:'],
    ['Call +49 170 123 45 67 now', 'Call now'],
    ['(555) 123-4567', 'Somebody'],
    ['a@b.com', 'Somebody'],
    ['a@localhost', 'Somebody'],
    ['@handle', 'handle'],
    ['Ada @evil', 'Ada evil'],
    ['<b>Ada</b>', 'Somebody'],
    ['Ada <script>', 'Ada script'],
  ])('cannot be clicked: %s', (name, shown) => expect(displayName(name)).toBe(shown));

  it('never is or becomes an address, whatever the pieces', () => {
    const piece = fc.constantFrom(
      ...[
        'evil',
        'com',
        '.',
        '\u3002',
        '\uFF0E',
        '\u200B',
        ' ',
        '/',
        ':',
        '@',
        'http',
        'www',
        'xn--p1ai',
        '日本',
        '1',
        '22',
        '-',
        '\n',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const shown = displayName(pieces.join(''));
        expect(shown).not.toMatch(/[/\\@\n\u3002\uFF0E\u200B]/u);
        expect(shown).not.toMatch(/\.(?:com|evil|www|http|日本|xn--)/u);
        expect(shown.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is cut between characters, not inside one', () => {
    expect(displayName('🌸'.repeat(100))).toBe(`${'🌸'.repeat(79)}…`);
  });
});

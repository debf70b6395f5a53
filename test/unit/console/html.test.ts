import { table } from '../../../console/html/table';
import { linked } from '../../../console/html/words';
import { chart } from '../../../console/html/chart';
import { Ring, sampleOf } from '../../../console/sampling/samples';
import { FormTokens } from '../../../console/who/form-tokens';
import { nameFrom } from '../../../console/who/roles';
import { opened, signed } from '../../../console/who/tokens';

const evil = `<script>alert("1")</script>'&`;
const safe = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';
const id = '0199c0de-0000-7000-8000-000000000001';

describe('what pages are made of', () => {
  it('escapes whatever is put into it, as text and in attributes', async () => {
    const made = String(await table({ caption: evil, head: [evil], rows: [[evil, linked(evil)]], empty: '' }));
    expect(made).not.toContain('<script>');
    expect(made.split(safe)).toHaveLength(6);
  });

  it('makes each id in a text a link to its story, and leaves the rest', async () => {
    expect(String(await linked(`npx nova why ${id}: ${evil}`))).toBe(
      `npx nova why <a class="id" href="/search?id=${id}">${id}</a>: ${safe}`,
    );
  });

  it('draws a line that ends where nothing is known, and the newest values as a table', async () => {
    const ring = new Ring(3);
    const pending = (rows: number) => [{ priority: 'high', rows, oldestSeconds: 1, withError: 0, outbox: 'main' }];
    ring.add(sampleOf(0, { pending: pending(99) }, null, 1));
    ring.add(sampleOf(60_000, { pending: pending(4) }, [{ priority: 'high', rows: 20, p50: 1, p95: 2 }], 10_000));
    ring.add(sampleOf(120_000, {}, null, 10_000));
    ring.add(sampleOf(180_000, { pending: pending(8) }, null, 10_000));
    expect(ring.samples.map(({ byPriority }) => byPriority.high)).toEqual([
      { pending: 4, rate: 2, p95: 2 },
      { pending: null, rate: null, p95: null },
      { pending: 8, rate: null, p95: null },
    ]);
    const of = { id: 'backlog', title: 'Backlog', value: ({ pending: rows }: { pending: number | null }) => rows };
    const made = String(await chart({ ...of, text: (value) => String(value ?? '–') }, ring.samples));
    expect(made.match(/class="series high"\s+stroke-dasharray="8 3"\s+points/g)).toHaveLength(2);
    expect(made).toMatch(/high[\s\S]*?<td>8<\/td>/);
  });
});

describe('signed texts', () => {
  const token = { name: 'Ada', role: 'operate', id, expires: Math.floor(Date.now() / 1_000) + 60 } as const;
  const key = 'k'.repeat(32);

  it('open with their key, for their purpose, in their time, and are nothing else', async () => {
    const text = await signed(key, 'session', token);
    expect(await opened(key, 'session', text)).toEqual(token);
    expect(await opened('x'.repeat(32), 'session', text)).toBeNull();
    expect(await opened(key, 'invitation', text)).toBeNull();
    expect(await opened(key, 'session', text.slice(0, -2))).toBeNull();
    const past = await signed(key, 'session', { ...token, expires: token.expires - 120 });
    expect(await opened(key, 'session', past)).toBeNull();
  });

  it('a form has the token of one person in one session', () => {
    const forms = new FormTokens(key);
    const person = { name: 'Ada', role: 'operate', session: 'one' } as const;
    expect(forms.isOf(person, new FormTokens(key).of(person))).toBe(true);
    for (const other of [{ session: 'two' }, { name: 'Eve' }])
      expect(forms.isOf({ ...person, ...other }, forms.of(person))).toBe(false);
    expect(new FormTokens('').isOf(person, new FormTokens('').of(person))).toBe(false);
    expect(forms.isOf(person, undefined)).toBe(false);
  });

  it('a name that cannot stand in the record of acts is none', () => {
    expect(['Ada', ' Ada ', '', ' ', 'A\nb', 'x'.repeat(201), undefined].map(nameFrom)).toEqual([
      ...['Ada', 'Ada', null, null, null, null, null],
    ]);
  });
});

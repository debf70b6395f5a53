import { flagsOf, targetsOf } from '../../../migrations/targets';
import { migrateSettings } from '../../../migrations/settings';
import { configFrom } from '../../../runtime/config';

const url = 'postgres://u@state/d';
const content = { name: 'content', url: 'postgres://u@content/d', domains: ['content'] };
const main = { name: 'main', url };
const targets = (outboxes: readonly object[], ...flags: string[]) =>
  targetsOf(
    configFrom(migrateSettings, {
      DATABASE_URL: url,
      ...(outboxes.length === 0 ? {} : { OUTBOXES: JSON.stringify(outboxes) }),
    }),
    flagsOf(flags),
  ).map(({ label, sets, rolePrefix, domains }) => [label, sets.join('+'), rolePrefix, domains?.join() ?? null]);

describe('what migrate brings up to date', () => {
  it.each([
    ['one database for everything', [], [], [['database', 'outbox+state', 'nova', null]]],
    [
      'State and every outbox, each alone',
      [content],
      [],
      [
        ['State', 'state', 'nova', null],
        ['outbox content', 'outbox', 'nova_content', 'content'],
      ],
    ],
    [
      'State with the outbox beside it, and the others',
      [main, content],
      [],
      [
        ['database', 'outbox+state', 'nova', null],
        ['outbox content', 'outbox', 'nova_content', 'content'],
      ],
    ],
    [
      'the outbox that is named',
      [main, content],
      ['--outbox', 'content'],
      [['outbox content', 'outbox', 'nova_content', 'content']],
    ],
    ['the outbox beside State, alone', [main, content], ['--outbox', 'main'], [['database', 'outbox', 'nova', null]]],
    ['State, alone', [main, content], ['--state'], [['State', 'state', 'nova', null]]],
    [
      'an outbox of which only the URL is known',
      [],
      ['--outbox', 'my-own', '--domains', 'content,media'],
      [['outbox my-own', 'outbox', 'nova_my_own', 'content,media']],
    ],
    ['the only outbox', [], ['--outbox', 'main', '--domains', 'content'], [['database', 'outbox', 'nova', 'content']]],
  ])('%s', (_what, outboxes, flags, expected) => {
    expect(targets(outboxes, ...flags)).toEqual(expected);
  });

  it.each([
    [[content], ['--outbox', 'contend'], 'configuration: --outbox contend is not in OUTBOXES, which has content'],
    [
      [content],
      ['--outbox', 'content', '--domains', 'media'],
      /OUTBOXES says which domains .*--domains is for DATABASE_URL/,
    ],
    [[], ['--state', '--outbox', 'content'], /--state and --outbox exclude each other; flags are .*--domains/],
    [[], ['--domains', 'content'], /--domains is for one outbox: give --outbox NAME too/],
    [[], ['--outbox', 'a', '--domains', 'content,posts'], /no domain is called "posts"; there are .*content/],
    [[], ['--outbox', 'a', '--domains', ''], /no domain is called ""/],
    [[], ['--print', '--adopt'], /--print changes nothing/],
    [[], ['--outboxes'], /--outboxes.*; flags are --outbox NAME/],
  ])('refuses %j with %j', (outboxes, flags, message) => {
    expect(() => targets(outboxes, ...flags)).toThrow(message);
  });
});

import { parseOptions } from '../../../../dev/demo/options';
import { newRunId } from '../../../../proof/run/run-id';
import { webUiUrl } from '../../../../runtime/temporal-web-ui';
import { runNames } from '../../../../dev/runs/names';

const parse = (...argv: string[]) => parseOptions(argv, { exit: false });

describe('the demo’s command line', () => {
  it('has defaults for everything', () => {
    expect(parse()).toEqual({
      events: 500,
      rate: 10,
      seed: 1,
      users: 3_000,
      followers: 20_000,
      json: false,
      keep: false,
    });
  });

  it('takes what is given', () => {
    const given = parse('--events', '50', '--rate', '10', '--seed', '7', '--json', '--keep');
    expect(given).toMatchObject({ events: 50, rate: 10, seed: 7, json: true, keep: true });
  });

  it.each([
    ['--events', '0'],
    ['--events', 'many'],
    ['--rate', '-1'],
    ['--rate', '1.5'],
    ['--seed', 'x'],
    ['--unknown'],
  ])('refuses %s %s', (...argv) => {
    expect(() => parse(...argv)).toThrow();
  });
});

describe('the names of a run', () => {
  it('never mix two runs: no prefix of one begins a name of the other', () => {
    const [a, b] = [runNames('abc'), runNames('abcd')];
    expect(`${b.taskQueuePrefix}-feed`.startsWith(`${a.taskQueuePrefix}-`)).toBe(false);
    expect(`${b.redisPrefix}feed:x`.startsWith(a.redisPrefix)).toBe(false);
    expect(`${b.topicPrefix}.content.events`.startsWith(`${a.topicPrefix}.`)).toBe(false);
  });

  it('begin with an id that a database name can hold', () => {
    expect(newRunId()).toMatch(/^[a-z0-9]+$/);
  });

  it('lead to the run’s workflows in the Web UI', () => {
    const url = webUiUrl('http://ui', 'nova', runNames('abc').workflowQuery);
    expect(url).toBe('http://ui/namespaces/nova/workflows?query=TaskQueue%20STARTS_WITH%20%22demo-abc-%22');
    expect(webUiUrl(null, 'nova', '')).toBeNull();
  });
});

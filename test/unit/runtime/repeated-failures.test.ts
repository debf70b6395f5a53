import { RepeatedFailures, sayRepeated, withoutFigures } from '../../../runtime/repeated-failures';
import { recordingLogger } from '../../support/logger';

const everyMs = 60_000;
const [debug, info, warn] = [20, 30, 40];

function failing() {
  const { logger, lines } = recordingLogger();
  const failures = new RepeatedFailures(logger, everyMs);
  const fail = (eventId: string, key = 'REDIS_UNAVAILABLE') =>
    failures.say({ key, level: 'warn', fields: { code: key, event_id: eventId, error: 'away' }, message: 'failed' });
  const news = () => lines().filter(({ level }) => level !== debug);
  return { fail, lines, news };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('says the first at once, then once a minute how many there were with the latest of them, and when it is over', () => {
  const { fail, news } = failing();
  for (let i = 0; i < 100; i++) fail(`e${i}`);
  expect(news()).toMatchObject([{ level: warn, event_id: 'e0', error: 'away', msg: 'failed' }]);
  jest.advanceTimersByTime(everyMs);
  expect(news().slice(1)).toMatchObject([{ level: warn, event_id: 'e99', error: 'away', times: 99 }]);
  fail('e100');
  jest.advanceTimersByTime(2 * everyMs);
  const [again, over, ...rest] = news().slice(2);
  expect(again).toMatchObject({ level: warn, event_id: 'e100', times: 1 });
  expect(over).toMatchObject({ level: info, code: 'REDIS_UNAVAILABLE', lasted_ms: everyMs, times_in_all: 101 });
  expect(over).not.toHaveProperty('event_id');
  expect(rest).toEqual([]);
});

it('keeps each of them, with its ids and its cause, at the level debug', () => {
  const { fail, lines } = failing();
  for (const id of ['a', 'b', 'c']) fail(id);
  expect(lines().map(({ event_id: id, error, level }) => [id, error, level])).toEqual([
    ['a', 'away', warn],
    ['b', 'away', debug],
    ['c', 'away', debug],
  ]);
});

it('says what comes once once, and what comes again later again', () => {
  const { fail, news } = failing();
  fail('a');
  jest.advanceTimersByTime(2 * everyMs);
  expect(news()).toHaveLength(1);
  fail('b');
  expect(news()).toMatchObject([{ event_id: 'a' }, { event_id: 'b' }]);
});

it('counts each kind by itself, and does not grow without limit', () => {
  const { fail, news } = failing();
  fail('a', 'REDIS_UNAVAILABLE');
  fail('b', 'KAFKA_UNAVAILABLE');
  expect(news()).toHaveLength(2);
  for (let i = 0; i < 1_000; i++) fail('c', `kind ${i}`);
  expect(news().length).toBeLessThan(250);
});

it('asks for more fields only where it writes a line, and writes it without them when they cannot be had', async () => {
  const { logger, lines } = recordingLogger();
  let asked = 0;
  const more = async () => {
    asked++;
    throw new Error('away');
  };
  for (let i = 0; i < 5; i++) sayRepeated(logger, { key: 'k', level: 'warn', fields: { n: i }, message: 'm', more });
  await jest.advanceTimersByTimeAsync(0);
  expect(asked).toBe(1);
  expect(lines().filter(({ level }) => level === warn)).toMatchObject([{ n: 0, msg: 'm' }]);
});

it('takes texts that differ in ids and figures alone for one', () => {
  expect(withoutFigures('event 0190a1b2-0000-7000-8000-000000000001 not acknowledged within 4000 ms')).toBe(
    withoutFigures('event 0190a1b2-ffff-7000-8000-0000000000ff not acknowledged within 31 ms'),
  );
});

import { StartWaits } from '../../../workers/start-waits';

/** Starts at this distance, whose waits are given. */
function began(waits: StartWaits, fromMs: number, everyMs: number, ms: readonly number[]): void {
  ms.forEach((wait, i) => waits.began(wait, fromMs + i * everyMs));
}

test('says the median, less the least, of what was begun since the last time', () => {
  const waits = new StartWaits();
  began(waits, 0, 10, [12, 40, 90]);
  expect(waits.take()).toBe(28);
  expect(waits.take()).toBeUndefined();
  began(waits, 100, 10, [112]);
  expect(waits.take()).toBe(100);
});

test.each([-3_600_000, 250])('a difference of the clocks of %i ms is no wait', (skew) => {
  const waits = new StartWaits();
  began(waits, 0, 10, [skew + 10, skew + 11, skew + 12]);
  expect(waits.take()).toBe(1);
});

test('the least of more than ten minutes ago is forgotten', () => {
  const waits = new StartWaits();
  began(waits, 0, 10, [0]);
  began(
    waits,
    5 * 60_000,
    100,
    Array.from({ length: 60 }, () => 100),
  );
  expect(waits.take()).toBe(100);
  began(
    waits,
    11 * 60_000,
    100,
    Array.from({ length: 60 }, () => 100),
  );
  expect(waits.take()).toBe(0);
});

test('starts that are few and all late show that a clock has stepped', () => {
  const waits = new StartWaits();
  began(
    waits,
    0,
    100,
    Array.from({ length: 30 }, () => 10),
  );
  waits.take();
  began(
    waits,
    60_000,
    500,
    Array.from({ length: 10 }, () => 5_010),
  );
  waits.take();
  began(waits, 66_000, 500, [5_012]);
  expect(waits.take()).toBe(2);
});

test('starts that are many and all late wait', () => {
  const waits = new StartWaits();
  began(
    waits,
    0,
    100,
    Array.from({ length: 30 }, () => 10),
  );
  waits.take();
  began(
    waits,
    60_000,
    20,
    Array.from({ length: 500 }, () => 5_010),
  );
  expect(waits.take()).toBe(5_000);
});

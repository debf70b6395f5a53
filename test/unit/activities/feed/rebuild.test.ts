import { windowOf } from '../../../../feeds/rebuild';

const entries = (...scores: number[]) => scores.map((scoreMs, n) => ({ postId: `p${n}`, scoreMs }));

it('keeps everything and bounds nothing up to the cap', () => {
  expect(windowOf(entries(3, 2, 1), 3)).toEqual({ bound: 0, entries: entries(3, 2, 1) });
});

it('bounds at the first post too many', () => {
  expect(windowOf(entries(4, 3, 2, 1), 3)).toEqual({ bound: 1, entries: entries(4, 3, 2) });
});

it('drops a whole group of equal scores rather than a part of it', () => {
  expect(windowOf(entries(4, 3, 3, 3), 3)).toEqual({ bound: 3, entries: entries(4) });
});

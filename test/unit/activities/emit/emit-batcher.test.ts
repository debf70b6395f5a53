import { EmitBatcher } from '../../../../activities/emit/emit-batcher';
import { type EmitOutcome } from '../../../../activities/emit/flush-emits';
import { type EventRef } from '../../../../contracts/event-ref';
import { NovaError } from '../../../../contracts/failures';

const ref = (eventId: string) => ({ eventId }) as EventRef;
const never = new AbortController().signal;
const all = (refs: readonly EventRef[], outcome: EmitOutcome) => new Map(refs.map(({ eventId }) => [eventId, outcome]));

function recording(outcome: (refs: readonly EventRef[]) => ReadonlyMap<string, EmitOutcome>) {
  const flushes: string[][] = [];
  let open: (() => void) | undefined;
  const state = { flushes, hold: false, release: () => open?.() };
  const batcher = new EmitBatcher(async (refs) => {
    flushes.push(refs.map(({ eventId }) => eventId));
    if (state.hold) await new Promise<void>((resolve) => (open = resolve));
    return outcome(refs);
  }, 3);
  return { batcher, state };
}

it('flushes what is asked for in one tick together, in runs of the limit, each event once', async () => {
  const { batcher, state } = recording((refs) => all(refs, 'emitted'));
  await Promise.all(['a', 'b', 'a', 'c', 'd'].map((id) => batcher.emit(ref(id), never)));
  expect(state.flushes).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

it('has one flush in flight, and gathers the next meanwhile', async () => {
  const { batcher, state } = recording((refs) => all(refs, 'emitted'));
  state.hold = true;
  const first = batcher.emit(ref('a'), never);
  await new Promise(setImmediate);
  const others = [batcher.emit(ref('b'), never), batcher.emit(ref('c'), never)];
  await new Promise(setImmediate);
  expect(state.flushes).toEqual([['a']]);
  state.hold = false;
  state.release();
  await Promise.all([first, ...others]);
  expect(state.flushes).toEqual([['a'], ['b', 'c']]);
});

it('gives each caller the outcome of its own event', async () => {
  const refused = new NovaError('MESSAGE_REFUSED', 'too large');
  const { batcher } = recording((refs) => new Map([...all(refs, 'emitted'), ['b', refused]]));
  const results = await Promise.allSettled(['a', 'b'].map((id) => batcher.emit(ref(id), never)));
  expect(results).toEqual([
    { status: 'fulfilled', value: undefined },
    { status: 'rejected', reason: refused },
  ]);
});

it('asks again for what is behind others or held by another process, and fails all when the flush itself fails', async () => {
  const replies: EmitOutcome[] = ['held', 'behind', 'behind', 'emitted'];
  const { batcher, state } = recording((refs) => all(refs, replies.shift() ?? 'emitted'));
  await batcher.emit(ref('a'), never);
  expect(state.flushes).toHaveLength(4);

  const away = new NovaError('DATABASE_UNAVAILABLE', 'gone');
  const failing = new EmitBatcher(() => Promise.reject(away));
  await expect(Promise.all(['a', 'b'].map((id) => failing.emit(ref(id), never)))).rejects.toBe(away);
  await expect(failing.emit(ref('c'), never)).rejects.toBe(away);
});

describe('while nothing moves', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] }));
  afterEach(() => jest.useRealTimers());

  /** Lets `ms` of the faked time pass, with all that follows from each timer. */
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at++) {
      jest.advanceTimersByTime(1);
      await new Promise(setImmediate);
    }
  };

  it('asks again soon at first, then a few times a second, whatever the number of those who wait', async () => {
    const { batcher, state } = recording((refs) => all(refs, 'held'));
    const callers = ['a', 'b', 'c'].map((id) => batcher.emit(ref(id), never));
    await pass(100);
    expect(state.flushes.length).toBeGreaterThanOrEqual(4);
    const before = state.flushes.length;
    await pass(5_000);
    expect(state.flushes.length - before).toBeLessThanOrEqual(26);
    expect(callers).toHaveLength(3);
  });

  it('asks at once while the aggregate advances, and soon again when it stops', async () => {
    let outcome: EmitOutcome = 'held';
    const { batcher, state } = recording((refs) => all(refs, outcome));
    void batcher.emit(ref('a'), never);
    await pass(2_000);
    outcome = 'behind';
    await pass(250);
    const before = state.flushes.length;
    await pass(50);
    expect(state.flushes.length - before).toBeGreaterThanOrEqual(25);
    outcome = 'held';
    await pass(2);
    const later = state.flushes.length;
    await pass(30);
    expect(state.flushes.length - later).toBeGreaterThanOrEqual(2);
  });
});

it('drops an event whose caller has gone before it is taken', async () => {
  const { batcher, state } = recording((refs) => all(refs, 'emitted'));
  const caller = new AbortController();
  const gone = batcher.emit(ref('a'), caller.signal);
  const reason = new Error('cancelled');
  caller.abort(reason);
  await expect(gone).rejects.toBe(reason);
  await batcher.emit(ref('b'), never);
  expect(state.flushes).toEqual([['b']]);
});

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

it('asks again for what another process is emitting, and fails everybody when the flush itself fails', async () => {
  let asked = 0;
  const { batcher } = recording((refs) => all(refs, ++asked < 3 ? 'not_yet' : 'emitted'));
  await batcher.emit(ref('a'), never);
  expect(asked).toBe(3);

  const away = new NovaError('DATABASE_UNAVAILABLE', 'gone');
  const failing = new EmitBatcher(() => Promise.reject(away));
  await expect(Promise.all(['a', 'b'].map((id) => failing.emit(ref(id), never)))).rejects.toBe(away);
  await expect(failing.emit(ref('c'), never)).rejects.toBe(away);
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

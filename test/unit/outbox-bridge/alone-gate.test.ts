import { AloneGate } from '../../../outbox-bridge/alone-gate';

/** Its time stands still: none is owed. */
const createGate = () => new AloneGate({ now: () => 0, sleep: () => new Promise(() => undefined) });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Joins an outbox that is quiet once `end` is called. */
function busyOutbox(gate: AloneGate) {
  let end = (): void => undefined;
  const quiet = new Promise<void>((resolve) => (end = resolve));
  return { end, ...gate.join(() => quiet) };
}

/** What became of a promise so far. */
function watched<T>(promise: Promise<T>): { value: T | 'waits' } {
  const seen: { value: T | 'waits' } = { value: 'waits' };
  void promise.then((value) => (seen.value = value));
  return seen;
}

describe('an outbox that is to be alone', () => {
  it('waits until nothing of any other outbox is in hand, and not for itself', async () => {
    const gate = createGate();
    const [one, two, three] = [busyOutbox(gate), busyOutbox(gate), busyOutbox(gate)];
    const entered = watched(one.enter());
    two.end();
    await turn();
    expect(entered.value).toBe('waits');
    three.end();
    await turn();
    expect(entered.value).toBeInstanceOf(Function);
  });

  it('keeps the others from claiming until it leaves, and not itself', async () => {
    const gate = createGate();
    const [one, two] = [gate.join(async () => undefined), gate.join(async () => undefined)];
    const leave = await one.enter();
    const [own, other] = [watched(one.open()), watched(two.open())];
    await turn();
    expect([own.value, other.value]).toEqual([undefined, 'waits']);
    leave?.();
    await turn();
    expect(other.value).toBeUndefined();
  });

  it('keeps them from it from the moment on at which it begins to wait', async () => {
    const gate = createGate();
    const [one, two] = [busyOutbox(gate), busyOutbox(gate)];
    void one.enter();
    const other = watched(two.open());
    await turn();
    expect(other.value).toBe('waits');
  });

  it('is refused while another is alone, so that two never wait for each other, and has its turn afterwards', async () => {
    const gate = createGate();
    const [one, two] = [gate.join(async () => undefined), gate.join(async () => undefined)];
    const leave = await one.enter();
    expect(await two.enter()).toBeUndefined();
    leave?.();
    expect(await two.enter()).toBeInstanceOf(Function);
  });

  it('stays shut for an outbox that finds the next one alone when the first has left', async () => {
    const gate = createGate();
    const members = Array.from({ length: 3 }, () => gate.join(async () => undefined));
    const [one, two, three] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]];
    const leave = await one.enter();
    const third = watched(three.open());
    leave?.();
    const leaveToo = await two.enter();
    await turn();
    expect(third.value).toBe('waits');
    leaveToo?.();
    await turn();
    expect(third.value).toBeUndefined();
  });
});

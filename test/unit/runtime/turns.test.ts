import { Turns } from '../../../runtime/turns';

/** Work that ends when the test says so. */
function work() {
  let end: (thrown?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => (end = (thrown) => (thrown ? reject(thrown) : resolve())));
  return { ended, end: (thrown?: Error) => end(thrown) };
}

/** Until all that can go on has gone on. */
const idle = () => new Promise((resolve) => setImmediate(resolve));

it('one goes at a time, in the order of their coming, also after one that failed', async () => {
  const turns = new Turns();
  const [first, second, third] = [work(), work(), work()];
  const begun: string[] = [];
  const take = (name: string, { ended }: typeof first) =>
    turns.take(async () => {
      begun.push(name);
      await ended;
      return name;
    });
  const taken = [take('first', first), take('second', second), take('third', third)] as const;
  // What is ready early waits for its turn all the same.
  third.end();
  await idle();
  expect(begun).toEqual(['first']);

  first.end(new Error('the broker is away'));
  await expect(taken[0]).rejects.toThrow('the broker is away');
  await idle();
  expect(begun).toEqual(['first', 'second']);
  second.end();
  expect([await taken[1], await taken[2]]).toEqual(['second', 'third']);
  expect(begun).toEqual(['first', 'second', 'third']);
});

it('who comes back after its turn stands behind those who came meanwhile', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const flush = async (name: string, requests: number) => {
    for (let i = 0; i < requests; i++) await turns.take(async () => void order.push(name));
  };
  await Promise.all([flush('backlog', 4), flush('one', 1), flush('two', 2)]);
  expect(order).toEqual(['backlog', 'one', 'two', 'backlog', 'two', 'backlog', 'backlog']);
});

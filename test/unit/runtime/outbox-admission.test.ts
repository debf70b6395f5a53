import { NovaError } from '../../../contracts/failures';
import { OutboxAdmission } from '../../../runtime/outbox-admission';

const away = new NovaError('DATABASE_UNAVAILABLE', 'timeout');

/** A database that replies when the test says so, and a clock that the test moves, milliseconds. */
function silentDatabase() {
  const clock = { ms: 0 };
  const admission = new OutboxAdmission('content', undefined, () => clock.ms);
  const ask = () => {
    admission.check();
    let end: (failure?: Error) => void = () => undefined;
    const request = new Promise<void>((resolve, reject) => {
      end = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    const followed = admission.follow(request).catch(() => undefined);
    return async (failure?: Error) => {
      end(failure);
      await followed;
    };
  };
  return { clock, ask };
}

it('lets every request through while the database replies, and for the first second of its silence', () => {
  const { clock, ask } = silentDatabase();
  ask();
  clock.ms = 999;
  expect(() => ask()).not.toThrow();
  clock.ms = 1_000;
  expect(() => ask()).toThrow('DATABASE_UNAVAILABLE: the database of outbox content has not replied for 1 s');
});

it('lets one request at a time wait while it is silent, and all again after a reply', async () => {
  const { clock, ask } = silentDatabase();
  const first = ask();
  clock.ms = 5_000;
  await first(away);
  const second = ask();
  expect(() => ask()).toThrow('has not replied for 5 s');
  await second(away);
  const third = ask();
  expect(() => ask()).toThrow('DATABASE_UNAVAILABLE');
  await third();
  for (const _ of [1, 2, 3]) expect(() => ask()).not.toThrow();
});

it('takes a failure that the database itself sends for a reply', async () => {
  const { clock, ask } = silentDatabase();
  const [first, hanging] = [ask(), ask()];
  clock.ms = 3_000;
  await first(Object.assign(new Error('no such column'), { code: '42703' }));
  expect(() => ask()).not.toThrow();
  await hanging(away);
});

it('does not take a pause in which no one asks for silence', async () => {
  const { clock, ask } = silentDatabase();
  await ask()();
  clock.ms = 3_600_000;
  ask();
  clock.ms += 500;
  expect(() => ask()).not.toThrow();
});

it('refuses, whatever the database does, for as long as there is another reason', () => {
  const reason = new NovaError('WRONG_DEPLOYMENT', 'outbox content: TASK_QUEUE_PREFIX');
  let refusal: NovaError | undefined = reason;
  const admission = new OutboxAdmission('content', () => refusal);
  expect(() => admission.check()).toThrow(reason);
  refusal = undefined;
  expect(() => admission.check()).not.toThrow();
});

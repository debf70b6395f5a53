import { type Connection } from '@temporalio/client';
import { type NovaError } from '../../../contracts/failures';
import { OutboxGates } from '../../../workers/outbox-gates';
import { type OwnOutbox } from '../../../workers/outboxes';
import { silentLogger } from '../../support/logger';
import { waitFor } from '../../support/wait-for';

/** Whose database it is, as its table says it; or that it is away. */
type Reply = 'ours' | 'theirs' | 'away' | 'hangs';
const settings = { temporalNamespace: 'here', taskQueuePrefix: 'ours' };
const connection = {
  withDeadline: (_: number, call: () => Promise<unknown>) => call(),
  workflowService: { describeNamespace: async () => ({ namespaceInfo: { id: 'id' } }) },
} as unknown as Connection;

function outbox(name: string, first: Reply) {
  const state = { reply: first, wake: (): void => undefined };
  const query = async () => {
    if (state.reply === 'hangs') await new Promise<void>((resolve) => (state.wake = resolve));
    if (state.reply === 'away') throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const theirs = { temporalNamespace: 'here', temporalNamespaceId: 'id', kafkaTopicPrefix: 'k', outbox: name };
    return { rows: [{ ...theirs, taskQueuePrefix: state.reply }] };
  };
  return { name, state, loads: { query }, refusal: undefined as NovaError | undefined };
}

const opened: OutboxGates[] = [];
function gatesOf(...outboxes: ReturnType<typeof outbox>[]): OutboxGates {
  const gates = new OutboxGates(outboxes as unknown as OwnOutbox[], { connection, settings, logger: silentLogger });
  opened.push(gates);
  return gates;
}
afterEach(async () => {
  for (const gates of opened.splice(0)) await gates.stop();
});

const never = new AbortController().signal;

it('refuses the events of every outbox until it was looked at', () => {
  const one = outbox('content', 'ours');
  const gates = gatesOf(one);
  expect(one.refusal?.message).toContain('outbox content: its deployment is not known yet');
  expect(gates.alarm).toBe(one.refusal);
});

it('opens each by itself: one that hangs holds up no other', async () => {
  const [one, other] = [outbox('content', 'ours'), outbox('social', 'hangs')];
  const gates = gatesOf(one, other);
  await gates.start();
  await waitFor(() => one.refusal === undefined);
  expect(other.refusal?.code).toBe('DATABASE_UNAVAILABLE');
  await gates.open(AbortSignal.abort());
  other.state.reply = 'ours';
  other.state.wake();
});

it('raises the alarm of another deployment’s before that of one that is away', async () => {
  const gates = gatesOf(outbox('content', 'away'), outbox('social', 'theirs'));
  await gates.start();
  await gates.open(never);
  expect(gates.alarm?.message).toMatch(/^WRONG_DEPLOYMENT: outbox social: /);
});

describe('an outbox', () => {
  const after = async (first: Reply, second: Reply) => {
    const one = outbox('content', first);
    const gates = gatesOf(one);
    const look = () => (gates as unknown as { look: (outbox: unknown) => Promise<number> }).look(one);
    await look();
    one.state.reply = second;
    return { nextMs: await look(), refusal: one.refusal?.code };
  };

  it('that was found right stays open while its database is away: that proves nothing', async () => {
    expect(await after('ours', 'away')).toEqual({ nextMs: 2_000, refusal: undefined });
  });

  it('that was found right is shut when it is another deployment’s', async () => {
    expect(await after('ours', 'theirs')).toEqual({ nextMs: 2_000, refusal: 'WRONG_DEPLOYMENT' });
  });

  it('of another deployment stays shut while its database is away, and for that reason', async () => {
    expect(await after('theirs', 'away')).toMatchObject({ refusal: 'WRONG_DEPLOYMENT' });
  });

  it.each(['theirs', 'away'] as const)('that was shut (%s) is open when it is found right', async (before) => {
    expect(await after(before, 'ours')).toEqual({ nextMs: 30_000, refusal: undefined });
  });
});

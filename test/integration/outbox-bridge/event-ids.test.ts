import { publish } from '../../../client/publish';
import { newId } from '../../support/events';
import { PoisonLab } from '../../support/poison-lab';
import { waitFor } from '../../support/wait-for';

let lab: PoisonLab;
beforeAll(async () => {
  lab = await PoisonLab.open();
});
afterEach(() => lab.stopBridges());
afterAll(() => lab.close());

const edit = () => ({ message_id: newId(), conversation_id: newId(), editor_id: newId() });
const rowsOf = async (id: string) =>
  (
    await lab.database.pool.query<Record<string, unknown>>(
      `SELECT sequence, published_at IS NOT NULL AS started, emitted_at IS NOT NULL AS emitted, retry_count, last_error,
              dead_lettered_at IS NOT NULL AS dead FROM outbox_events WHERE id = $1 ORDER BY sequence`,
      [id],
    )
  ).rows;
const settled = (id: string) =>
  waitFor(async () => {
    const rows = await rowsOf(id);
    return rows.every(({ started, dead }) => started === true || dead === true) ? rows : undefined;
  });

describe('the same event written again under its id', () => {
  it('is no second event: one run, no dead letter, and what is behind it goes on', async () => {
    const [id, payload] = [newId(), edit()];
    // As a service does that repeats a request whose reply was lost.
    await publish(lab.database.pool, { type: 'message.edited', payload, id }, { alone: true });
    await publish(lab.database.pool, { type: 'message.edited', payload, id }, { alone: true });
    const behind = await lab.healthy(payload.conversation_id);
    await lab.bridge().bridge.start();
    expect(await settled(id)).toMatchObject([
      { started: true, emitted: false, retry_count: 0, dead: false },
      // Nothing is left to do for it, on Kafka neither.
      { started: true, emitted: true, retry_count: 0, dead: false, last_error: null },
    ]);
    await lab.started(behind.eventId);
    const { historyLength, memo } = await lab.client.workflow.getHandle(id).describe();
    expect({ memo: memo?.['sequence'], historyLength }).toMatchObject({ memo: (await rowsOf(id))[0]?.['sequence'] });
  });

  it('is none when the first run has ended long ago, nor under another spelling of its type', async () => {
    const [id, payload] = [newId(), edit()];
    await publish(lab.database.pool, { type: 'message.edited', payload, id }, { alone: true });
    await lab.bridge().bridge.start();
    await settled(id);
    const handle = lab.client.workflow.getHandle(id);
    const { runId } = await handle.describe();
    await handle.terminate('has ended');
    await lab.insert({
      id,
      aggregate_id: payload.conversation_id,
      event_type: 'MessageEdited',
      payload: JSON.stringify(payload),
    });
    expect((await settled(id)).map(({ dead }) => dead)).toEqual([false, false]);
    expect((await handle.describe()).runId).toBe(runId);
  });

  it('is another event with another payload: a dead letter that says so', async () => {
    const [id, payload] = [newId(), edit()];
    await publish(lab.database.pool, { type: 'message.edited', payload, id }, { alone: true });
    await publish(
      lab.database.pool,
      { type: 'message.edited', payload: { ...payload, content: 'other' }, id },
      { alone: true },
    );
    await lab.bridge().bridge.start();
    expect(await settled(id)).toMatchObject([
      { started: true, dead: false },
      { started: false, dead: true, last_error: expect.stringMatching(/^DUPLICATE_EVENT_ID/) as string },
    ]);
  });
});

describe('an aggregate id that is not the key of its type', () => {
  const said =
    /aggregate_id of message.edited must be its conversation_id, \S+, and is \S+: else its events have no order/;

  it('is refused by publish, before anything is written', async () => {
    const query = jest.fn();
    const event = { type: 'message.edited', payload: edit(), aggregateId: newId() } as const;
    await expect(publish({ query }, event)).rejects.toMatchObject({
      code: 'INVALID_ROW',
      message: expect.stringMatching(said) as string,
    });
    expect(query).not.toHaveBeenCalled();
    const upperCase = { ...event, aggregateId: event.payload.conversation_id.toUpperCase() };
    query.mockResolvedValue({});
    await publish({ query }, upperCase);
  });

  it('makes a plain INSERT a dead letter with the reason', async () => {
    const id = await lab.insert({ aggregate_id: newId(), payload: JSON.stringify(edit()) });
    await lab.bridge().bridge.start();
    expect((await lab.dead(id))['last_error']).toMatch(said);
  });

  it('is allowed where each event stands for itself', async () => {
    const payload = { alert_id: newId(), user_id: newId(), kind: 'new_login' as const };
    const { id } = await publish(
      lab.database.pool,
      { type: 'security.alert.raised', payload, aggregateId: newId() },
      { alone: true },
    );
    await lab.bridge().bridge.start();
    await lab.started(id);
  });
});

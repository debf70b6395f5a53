import { type ClaimedRow } from '../../../outbox-bridge/ports';
import { PgOutboxStore } from '../../../outbox-bridge/pg-outbox-store';
import { TemporalStarter } from '../../../outbox-bridge/temporal-starter';
import { newId } from '../../support/events';
import { PoisonLab } from '../../support/poison-lab';
import { servers } from '../../support/servers';
import { testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let lab: PoisonLab;
beforeAll(async () => {
  lab = await PoisonLab.open();
});
afterEach(async () => {
  await lab.stopBridges();
  await lab.database.pool.query('UPDATE outbox_events SET dead_lettered_at = now() WHERE published_at IS NULL');
});
afterAll(() => lab.close());

/** What a bridge of the next release makes of rows that are new to this one. */
class NewerStore extends PgOutboxStore {
  override async claim(request: Parameters<PgOutboxStore['claim']>[0]): Promise<ClaimedRow[]> {
    const rows = await super.claim(request);
    return rows.map((row) => ({
      ...row,
      schemaVersion: 1,
      eventType: row.eventType === 'message.pinned' ? 'message.edited' : row.eventType,
    }));
  }
}

/** Rows as the writers of the next release write them, and one of this release behind each. */
async function written() {
  const [pinned, versioned] = [newId(), newId()];
  const [, behindPinned] = [
    await lab.insert({ aggregate_id: pinned, event_type: 'message.pinned' }),
    await lab.healthy(pinned),
  ];
  const version2 = await lab.insert({ aggregate_id: versioned, schema_version: 2 });
  const behindVersion2 = await lab.healthy(versioned);
  const { rows } = await lab.database.pool.query<{ id: string }>(
    'SELECT id FROM outbox_events WHERE aggregate_id = $1 ORDER BY sequence LIMIT 1',
    [pinned],
  );
  return {
    unknown: rows[0]?.id ?? '',
    behindPinned: behindPinned.eventId,
    version2,
    behindVersion2: behindVersion2.eventId,
  };
}

const soon = (ids: readonly string[]) =>
  lab.database.pool.query('UPDATE outbox_events SET next_attempt_at = now() WHERE id = ANY ($1)', [ids]);

describe('rows of a type or version that this bridge does not know', () => {
  it('wait for a newer bridge, in order and uncounted, while others go on; it starts them', async () => {
    const rows = await written();
    const ids = [rows.unknown, rows.version2];
    const old = lab.bridge();
    await old.bridge.start();
    await lab.started((await lab.healthy()).eventId);
    for (let tries = 1; tries <= 6; tries++) {
      await waitFor(async () => Number((await lab.row(rows.version2))['claim_count']) >= tries);
      await soon(ids);
    }
    await waitFor(async () => (await lab.row(rows.unknown))['last_error'] !== null);
    expect(await lab.row(rows.unknown)).toMatchObject({
      retry_count: 0,
      dead_lettered_at: null,
      last_error: expect.stringMatching(/^UNKNOWN_EVENT_TYPE: event type "message.pinned"/) as string,
    });
    expect(await lab.row(rows.version2)).toMatchObject({
      retry_count: 0,
      dead_lettered_at: null,
      last_error: expect.stringMatching(/^UNSUPPORTED_VERSION: schema_version 2 .*1 to 1/) as string,
    });
    for (const behind of [rows.behindPinned, rows.behindVersion2])
      expect(await lab.row(behind)).toMatchObject({ published_at: null, retry_count: 0 });
    // A pause lets a try through after some seconds, and is forgotten when nothing is there to try.
    const paused = await waitFor(async () => {
      await soon(ids);
      const now = { types: old.pauses.describe(), spellings: old.pauses.spellings() };
      return Object.keys(now.types).length === 2 && now.spellings.length > 0 ? now : undefined;
    });
    expect(paused).toEqual({
      types: {
        'message.pinned': expect.stringContaining('UNKNOWN_EVENT_TYPE') as string,
        'message.edited v2': expect.stringContaining('UNSUPPORTED_VERSION') as string,
      },
      // Rows of the type that this bridge does know are not held back.
      spellings: ['message.pinned'],
    });

    const started: string[] = [];
    const starter = new TemporalStarter(lab.client.connection as never, {
      namespace: servers().temporalNamespace,
      taskQueuePrefix: testQueuePrefix(),
      deadlineMs: 100_000,
    });
    const newer = lab.bridge({ store: new NewerStore(lab.database.pool), starter });
    const start = starter.start.bind(starter);
    starter.start = async (request) => (started.push(request.ref.eventId), start(request));
    await newer.bridge.start();
    // Either bridge may take a row that is due: the old one gives it back, and it is due again after minutes. Here, at once.
    await waitFor(
      async () => {
        await soon(ids);
        const behind = await Promise.all([rows.behindPinned, rows.behindVersion2].map((id) => lab.row(id)));
        return behind.every((row) => row['published_at'] !== null);
      },
      { everyMs: 300, what: 'the rows behind started' },
    );
    for (const [first, second] of [
      [rows.unknown, rows.behindPinned],
      [rows.version2, rows.behindVersion2],
    ] as const) {
      expect(await lab.row(first)).toMatchObject({ dead_lettered_at: null, retry_count: 0, last_error: null });
      expect(started.filter((id) => id === first)).toHaveLength(1);
      // The one behind may be started by either bridge.
      expect(started.find((id) => id === first || id === second)).toBe(first);
    }
  });

  it.each([
    ['an unknown type', { event_type: 'post.exploded' }, /^UNKNOWN_EVENT_TYPE: event type "post.exploded" is not/],
    ['a type name of a megabyte', { event_type: 'x'.repeat(1e6) }, /^UNKNOWN_EVENT_TYPE: event type "x{100}" is not/],
    [
      'a type name cut in the middle of a character',
      { event_type: `${'x'.repeat(99)}😀` },
      /^UNKNOWN_EVENT_TYPE: event type "x{99}\\ud83d" is not/,
    ],
    ['a type name with terminal escapes', { event_type: 'a\u001b[2J\nb' }, /^UNKNOWN_EVENT_TYPE: .*"a\\u001b\[2J\\nb"/],
    ['a version from the future', { schema_version: 9 }, /^UNSUPPORTED_VERSION: schema_version 9 .*1 to 1/],
  ])(
    'are given up with their reason once the patience is over, and the aggregate goes on: %s',
    async (_what, columns, reason) => {
      const aggregate = newId();
      const bad = await lab.insert({ aggregate_id: aggregate, ...columns });
      const behind = await lab.healthy(aggregate);
      await lab
        .bridge({ limits: { maxAttempts: 5, retentionGuardMs: 3_600_000, unknownPatienceMs: 0 } })
        .bridge.start();
      await waitFor(async () => (await lab.row(bad))['last_error']);
      await soon([bad]);
      // The first claim is not yet past a patience of nothing; the spelling itself is tried again after some seconds.
      const row = await lab.dead(bad);
      expect(row['last_error']).toMatch(reason);
      expect(row['last_error']).toMatch(/no process knew it for 0\.0 hours$/);
      await lab.started(behind.eventId);
      await expect(lab.client.workflow.getHandle(bad).describe()).rejects.toThrow(/not found/i);
    },
  );
});

it('a plain INSERT that names no version is of the oldest, whatever the newest is', async () => {
  const stamped = await lab.database.pool.query<{ schema_version: number }>(
    'SELECT DISTINCT schema_version FROM outbox_event_types',
  );
  expect(stamped.rows).toEqual([{ schema_version: 1 }]);
});

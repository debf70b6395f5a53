import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';
import { type Domain } from '../../../contracts/events/define';
import { runMigrations } from '../../../migrations/run-migrations';
import { SignalCarrier } from '../../../outbox-bridge/signal-carrier';
import { createDatabase, dropDatabase } from '../../support/databases';
import { silentLogger } from '../../support/logger';
import { databaseUrl, servers } from '../../support/servers';

let admin: Client;
let outbox: Pool;
let state: Pool;
const made: string[] = [];

async function database(set: 'outbox' | 'state'): Promise<Pool> {
  const name = `nova_test_signal_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  made.push(name);
  await createDatabase(admin, name);
  const url = databaseUrl(servers().databaseUrl, name);
  await runMigrations(url, { sets: [set], withRoles: false });
  return new Pool({ connectionString: url, max: 2 });
}

beforeAll(async () => {
  admin = new Client({ connectionString: servers().databaseUrl });
  await admin.connect();
  outbox = await database('outbox');
  state = await database('state');
});
afterAll(async () => {
  await Promise.all([outbox.end(), state.end()]);
  for (const name of made) await dropDatabase(admin, name);
  await admin.end();
});
beforeEach(async () => {
  await outbox.query('TRUNCATE nova.outbox_signals');
  await state.query('TRUNCATE nova.tombstones');
});

const carrier = (to: Pick<Pool, 'query'> = state, domains?: readonly Domain[]) =>
  new SignalCarrier({
    outbox: { name: 'content', database: outbox, domains },
    state: to,
    logger: silentLogger,
  });
const signal = (id: string, holdMs = 60_000, type = 'post') =>
  outbox.query('SELECT nova.nova_signal_deleted($1, $2::text, $2::text::uuid, $3, $4)', [type, id, holdMs, 'test']);
const held = async () =>
  (
    await state.query<{ id: string }>(
      'SELECT subject_id AS id FROM nova.tombstones WHERE nova.tombstone_holds(held_until) ORDER BY 1',
    )
  ).rows.map(({ id }) => id);

describe('a delete that a service signals in its own database', () => {
  it('holds its subject in State once it is brought there, and is brought once', async () => {
    const ids = [randomUUID(), randomUUID()].sort();
    for (const id of ids) await signal(id);
    expect(await held()).toEqual([]);
    expect(await carrier().carry()).toBe(2);
    expect(await held()).toEqual(ids);
    expect(await carrier().carry()).toBe(0);
  });

  it('is brought later when State is away', async () => {
    const id = randomUUID();
    await signal(id);
    const away = { query: () => Promise.reject(new Error('State is away')) } as unknown as Pool;
    await expect(carrier(away).carry()).rejects.toThrow('State is away');
    expect(await carrier().carry()).toBe(1);
    expect(await held()).toEqual([id]);
  });

  it('is brought again when it was signalled again on the way', async () => {
    const id = randomUUID();
    await signal(id, 1);
    const slow = {
      query: async (text: string, values: unknown[]) => {
        await signal(id, 3_000_000);
        return state.query(text, values);
      },
    } as unknown as Pool;
    await carrier(slow).carry();
    expect(await carrier().carry()).toBe(1);
    expect(await held()).toEqual([id]);
  });

  it('holds nothing that belongs to another service, and is not brought again', async () => {
    await signal(randomUUID());
    expect(await carrier(state, ['identity']).carry()).toBe(1);
    expect(await held()).toEqual([]);
    expect(await carrier().carry()).toBe(0);
  });

  it('does not take back a final delete', async () => {
    const id = randomUUID();
    await state.query(
      `INSERT INTO nova.tombstones (subject_type, subject_id, sequence, final, reason) VALUES ('post', $1, 5, true, 'deleted')`,
      [id],
    );
    await signal(id);
    await carrier().carry();
    const { rows } = await state.query('SELECT final, held_until FROM nova.tombstones');
    expect(rows).toEqual([{ final: true, held_until: null }]);
  });

  it('is forgotten an hour after it has lapsed, and no sooner', async () => {
    await signal(randomUUID());
    await signal(randomUUID());
    await outbox.query(
      `UPDATE nova.outbox_signals SET held_until = now() - interval '61 minutes'
       WHERE subject_id = (SELECT min(subject_id) FROM nova.outbox_signals)`,
    );
    await carrier().expire();
    const { rowCount } = await outbox.query('SELECT FROM nova.outbox_signals');
    expect(rowCount).toBe(1);
  });
});

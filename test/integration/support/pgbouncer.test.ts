import { Pool } from 'pg';
import { servers } from '../../support/servers';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer';

let pgBouncer: PgBouncer;
let pool: Pool;

beforeAll(async () => {
  pgBouncer = await startPgBouncer(servers().databaseUrl, { poolSize: 1 });
  pool = new Pool({ connectionString: pgBouncer.url(), max: 2 });
  pool.on('error', () => undefined);
});

afterAll(async () => {
  await pool.end();
  await pgBouncer.close();
});

it('gives a server connection to a client for a transaction only', async () => {
  const pidOf = 'SELECT pg_backend_pid() AS pid';
  const [one, two] = await Promise.all([pool.connect(), pool.connect()]);
  try {
    const pids = [await one.query(pidOf), await two.query(pidOf)].map(
      ({ rows }) => (rows as { pid: number }[])[0]?.pid,
    );
    expect(pids[0]).toBe(pids[1]);
  } finally {
    one.release();
    two.release();
  }
});

it('is back on the same port after it was killed', async () => {
  const { port } = pgBouncer;
  await pgBouncer.kill();
  await expect(pool.query('SELECT 1')).rejects.toThrow();
  await pgBouncer.start();
  expect(pgBouncer.port).toBe(port);
  await expect(pool.query('SELECT $1::int AS answer', [42])).resolves.toMatchObject({ rows: [{ answer: 42 }] });
});

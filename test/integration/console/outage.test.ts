import { freePort } from '../../../dev/stack/ports';
import { type TestConsole, startConsole } from '../../support/console';
import { newId } from '../../support/events';
import { isGone } from '../../support/is-gone';
import { runConsole } from '../../support/ops-command';
import { waitFor } from '../../support/wait-for';

/** Without a way to know people: everyone on this machine may read. */
async function withoutServers(): Promise<TestConsole> {
  const away = await freePort();
  return startConsole({
    CONSOLE_KEY: '',
    DATABASE_URL: `postgres://nova:nova@127.0.0.1:${away}/nova`,
    REDIS_URL: `redis://127.0.0.1:${away}`,
    TEMPORAL_ADDRESS: `127.0.0.1:${away}`,
    KAFKA_BROKERS: `127.0.0.1:${away}`,
  });
}

describe('without any server', () => {
  let server: TestConsole;
  beforeAll(async () => void (server = await withoutServers()));
  afterAll(() => server?.end());

  it('each page is there, and names what could not be asked', async () => {
    const id = newId();
    for (const [path, what] of [
      ['/dead-letters', /PostgreSQL.*DATABASE_URL/],
      [`/dead-letters/${id}`, /PostgreSQL.*DATABASE_URL/],
      [`/search?id=${id}`, /PostgreSQL.*DATABASE_URL/],
      ['/replays', /PostgreSQL.*DATABASE_URL/],
      ['/pauses', /PostgreSQL.*DATABASE_URL/],
      ['/acts', /PostgreSQL.*DATABASE_URL/],
      ['/stuck', /PostgreSQL does not reply|What is stuck could not be asked/],
    ] as const) {
      const response = await fetch(`${server.url}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      expect([path, await response.text()]).toEqual([path, expect.stringMatching(what)]);
    }
    await waitFor(async () => {
      const text = await (await fetch(`${server.url}/`)).text();
      return ['PostgreSQL', 'Temporal', 'Kafka', 'Redis'].every((name) => text.includes(`no reply from ${name}`));
    });
  });

  it('a person who is not known may read and nothing else', async () => {
    const text = await (await fetch(`${server.url}/pauses`)).text();
    expect(text).toContain('Not signed in: you may read');
    expect(text).not.toContain('method="post"');
    expect((await fetch(`${server.url}/sign-in?token=x`)).status).toBe(403);
    const refused = await fetch(`${server.url}/pauses/resume`, {
      ...{ method: 'POST', headers: { origin: server.url } },
      body: new URLSearchParams({ what: 'follow.added' }),
    });
    expect(refused.status).toBe(403);
  });

  it('ends by SIGTERM, and says so', async () => {
    const other = await withoutServers();
    process.kill(other.pid, 'SIGTERM');
    await waitFor(() => isGone(other.pid));
    expect(other.log()).toContain('"msg":"stopped"');
    await other.end();
  });
});

describe('settings', () => {
  const database = { DATABASE_URL: 'postgres://nova:nova@127.0.0.1:1/nova' };

  it('that leave a door open are refused, each with what to set', async () => {
    const open = await runConsole({ ...database, CONSOLE_HOST: '0.0.0.0' });
    expect(open.code).toBe(1);
    expect(open.stderr).toContain('set CONSOLE_KEY, or CONSOLE_USER_HEADER and CONSOLE_PROXY_ADDRESSES');
    expect(open.stderr).toContain('needs CONSOLE_URL');
    const short = await runConsole({ ...database, CONSOLE_KEY: 'short' });
    expect(short).toMatchObject({ code: 1 });
    expect(short.stderr).toContain('CONSOLE_KEY=(hidden) must be a text of at least 32 characters');
    const anyone = await runConsole({ ...database, CONSOLE_USER_HEADER: 'x-user' });
    expect(anyone.stderr).toContain('CONSOLE_USER_HEADER needs CONSOLE_PROXY_ADDRESSES');
  });

  it('an invitation is a link; without a key there is none', async () => {
    const key = 'k'.repeat(32);
    const { stdout, code } = await runConsole(
      { CONSOLE_KEY: key, CONSOLE_URL: 'https://nova.example.org' },
      ...['invite', 'Ada', '--role', 'operate'],
    );
    expect({ stdout, code }).toEqual({
      ...{ code: 0, stdout: expect.stringMatching(/^https:\/\/nova\.example\.org\/sign-in\?token=\S+\n$/) as string },
    });
    expect((await runConsole({ CONSOLE_KEY: key }, 'invite', 'Ada', '--role', 'king')).stderr).toContain(
      '--role king is none of read, operate, admin',
    );
    expect((await runConsole({}, 'invite', 'Ada')).stderr).toContain('CONSOLE_KEY must be the key');
  });
});

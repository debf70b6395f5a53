import { type TestConsole, startConsole } from '../../support/console';
import { type ConsoleWorld, createConsoleWorld } from '../../support/console-world';
import { newId } from '../../support/events';

let world: ConsoleWorld;
let server: TestConsole;
let id: string;

beforeAll(async () => {
  world = await createConsoleWorld();
  server = await startConsole(world.environment);
});
beforeEach(async () => void (id = await world.poisoned()));
afterEach(() => world.database.pool.query('DELETE FROM operator_acts; DELETE FROM outbox_events'));
afterAll(async () => {
  await server?.end();
  await world?.close();
});

type Headers = Readonly<Record<string, string>>;
const get = (path: string, headers: Headers = {}) => fetch(`${server.url}${path}`, { headers, redirect: 'manual' });
const post = (path: string, body: Record<string, string>, headers: Headers) =>
  fetch(`${server.url}${path}`, {
    ...{ method: 'POST', redirect: 'manual', headers },
    body: new URLSearchParams(body),
  });
/** The token that the page of this person has; of a reader it stands in the form by which one signs out. */
const tokenOf = async (headers: Headers, path = '/acts') =>
  /name="token" value="([^"]+)"/.exec(await (await get(path, headers)).text())?.[1] ?? '';
const acts = async () => (await world.database.pool.query('SELECT FROM operator_acts')).rowCount;
const dead = async () =>
  (await world.database.pool.query('SELECT FROM outbox_events WHERE dead_lettered_at IS NOT NULL')).rowCount;

const everyAct = () =>
  [
    [`/dead-letters/${id}/requeue`, { reason: 'x' }],
    [`/dead-letters/${id}/payload`, { reason: 'x' }],
    [`/dead-letters/${id}/discard`, { reason: 'x', sure: 'yes' }],
    ['/pauses/pause', { what: 'follow.added', until: '1h', reason: 'x' }],
    ['/pauses/resume', { what: 'follow.added' }],
    ...['start', 'pause', 'resume', 'stop'].map((signal) => [`/replays/p/${signal}`, { perSecond: '5' }] as const),
  ] as [string, Record<string, string>][];

describe('an act is refused, and nothing is done', () => {
  const refusedWith = async (headers: Headers, more: Record<string, string>, status: number, text: RegExp) => {
    for (const [path, body] of everyAct()) {
      const response = await post(path, { ...body, ...more }, headers);
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.text()).toMatch(text);
    }
    expect([await acts(), await dead()]).toEqual([0, 1]);
  };

  it('to a reader, who sends the form with everything else that it needs', async () => {
    const headers = { cookie: await server.cookie('Ada', 'read'), origin: server.url };
    await refusedWith(headers, { token: await tokenOf(headers) }, 403, /takes the role operate/);
  });

  it('without the token of the form, with another one, and with that of another person or session', async () => {
    const headers = { cookie: await server.cookie('Ada', 'operate'), origin: server.url };
    const others = [
      { cookie: await server.cookie('Eve', 'operate'), origin: server.url },
      { cookie: await server.cookie('Ada', 'operate'), origin: server.url },
    ];
    const tokens = await Promise.all(others.map((other) => tokenOf(other)));
    for (const more of [{}, { token: '' }, { token: newId() }, ...tokens.map((token) => ({ token }))])
      await refusedWith(headers, more, 403, /token of this form is missing or wrong/);
  });

  it('from a page of another site, and from none', async () => {
    const cookie = await server.cookie('Ada', 'operate');
    const token = await tokenOf({ cookie });
    const { port } = new URL(server.url);
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1.evil.example:${port}`, 'http://127.0.0.1'])
      await refusedWith({ cookie, origin }, { token }, 403, /does not come from a page of the console/);
    await refusedWith({ cookie }, { token }, 403, /does not come from a page of the console/);
  });

  it('to a person who is not known, and to one whose cookie is not whole', async () => {
    const cookie = await server.cookie('Ada', 'operate');
    const [name = '', value = ''] = cookie.split('=');
    const [head = '', , signature = ''] = value.split('.');
    const claims = { sub: 'Ada', role: 'admin', jti: newId(), exp: 9_999_999_999, aud: 'session' };
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const invitation = new URL(await server.link('Ada', 'admin')).searchParams.get('token') ?? '';
    for (const text of ['', `${head}.${forged}.${signature}`, `${unsigned}.${forged}.`, invitation]) {
      await refusedWith(
        { cookie: `${name}=${text}`, origin: server.url },
        { token: 'x' },
        401,
        /does not know who you are/,
      );
      expect((await get('/', { cookie: `${name}=${text}` })).status).toBe(401);
    }
  });
});

it('what an operator vouches for is for an admin', async () => {
  await world.database.pool.query(
    `UPDATE outbox_events SET claim_count = 3, first_attempt_at = now() - interval '90 days' WHERE id = $1`,
    [id],
  );
  const requeue = async (role: 'operate' | 'admin') => {
    const headers = { cookie: await server.cookie('Ada', role), origin: server.url };
    const token = await tokenOf(headers);
    return post(`/dead-letters/${id}/requeue`, { reason: 'x', neverRan: 'yes', token }, headers);
  };
  const refused = await requeue('operate');
  expect([refused.status, await dead()]).toEqual([409, 1]);
  expect(await refused.text()).toContain('may have run and been forgotten');
  expect([(await requeue('admin')).status, await dead()]).toEqual([200, 0]);
});

it('a link signs one person in once; to look at it does not use it', async () => {
  const link = await server.link('Ada', 'operate');
  const invitation = new URL(link).searchParams.get('token') ?? '';
  for (let i = 0; i < 2; i += 1) expect(await (await fetch(link)).text()).toContain('Sign in as Ada');
  expect((await post('/sign-in', { invitation }, { origin: 'https://evil.example' })).status).toBe(403);
  const used = await Promise.all([1, 2, 3].map(() => post('/sign-in', { invitation }, { origin: server.url })));
  expect(used.map(({ status }) => status).sort()).toEqual([303, 403, 403]);
  expect((await fetch(link)).status).toBe(403);
  const [cookie = ''] = used.find(({ status }) => status === 303)!.headers.getSetCookie();
  expect(cookie).toMatch(/; HttpOnly/);
  expect(cookie).toMatch(/; SameSite=Lax/);
  expect((await post('/sign-in', { invitation: newId() }, { origin: server.url })).status).toBe(403);
});

it('every page forbids scripts within it, frames around it, and that it is kept', async () => {
  const cookie = await server.cookie('Ada', 'read');
  for (const path of ['/', '/dead-letters', '/sign-in', '/nowhere']) {
    const { headers } = await get(path, { cookie });
    expect(headers.get('content-security-policy')).toContain(`default-src 'none'`);
    expect(headers.get('content-security-policy')).toContain(`script-src 'self'`);
    expect(headers.get('content-security-policy')).toContain(`frame-ancestors 'none'`);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

it('a page that is asked for under another name is not shown', async () => {
  const { hostname, port } = new URL(server.url);
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    request({ hostname, port, path: '/', headers: { host: `evil.example:${port}` } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(421);
});

describe('a reverse proxy', () => {
  const proxied = { CONSOLE_USER_HEADER: 'x-forwarded-user', CONSOLE_GROUPS_HEADER: 'x-forwarded-groups' };
  const headers = { 'x-forwarded-user': 'ada@example.org', 'x-forwarded-groups': 'staff, nova-operate' };

  it('says who a person is and what they may do, from its own address', async () => {
    const other = await startConsole({ ...world.environment, ...proxied, CONSOLE_PROXY_ADDRESSES: '127.0.0.0/8' });
    const page = await fetch(`${other.url}/dead-letters/${id}`, { headers });
    const text = await page.text();
    expect(text).toContain('ada@example.org, may act (operate)');
    const token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const done = await fetch(`${other.url}/dead-letters/${id}/requeue`, {
      ...{ method: 'POST', headers: { ...headers, origin: other.url } },
      body: new URLSearchParams({ token, reason: 'x' }),
    });
    expect(done.status).toBe(200);
    const { rows } = await world.database.pool.query('SELECT actor FROM operator_acts');
    expect(rows).toEqual([{ actor: 'ada@example.org' }]);
    const reader = await fetch(`${other.url}/`, { headers: { 'x-forwarded-user': 'Eve' } });
    expect(await reader.text()).toContain('Eve, may read');
    expect((await fetch(`${other.url}/`)).status).toBe(401);
    await other.end();
  });

  it('is not believed from any other address', async () => {
    const other = await startConsole({ ...world.environment, ...proxied, CONSOLE_PROXY_ADDRESSES: '10.0.0.1' });
    expect((await fetch(`${other.url}/`, { headers })).status).toBe(401);
    await other.end();
  });
});

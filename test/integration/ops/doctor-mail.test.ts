import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { freePort } from '../../../dev/stack/ports';
import { type Check } from '../../../ops/doctor/check';
import { doctorSettings } from '../../../ops/doctor/doctor';
import { checkMail } from '../../../ops/doctor/mail';
import { inTime } from '../../../ops/status/servers';
import { configFrom } from '../../../runtime/config';
import { type Certificates, makeCertificates } from '../../support/certificates';
import { runOps } from '../../support/ops-command';

let certificates: Certificates;
const open: { close(): unknown }[] = [];
beforeAll(() => {
  certificates = makeCertificates();
});
afterEach(() => open.splice(0).forEach((each) => each.close()));
afterAll(() => certificates.remove());

/** A mail server that knows the login ada:secret; says what clients did. */
async function mailServer(options: SMTPServerOptions = {}) {
  const did: string[] = [];
  const server = new SMTPServer({
    ...{ authOptional: true, disableReverseLookup: true, closeTimeout: 100, logger: false, allowInsecureAuth: true },
    onAuth: ({ username, password }, session, next) => {
      did.push(`login ${session.secure ? 'by TLS' : 'in clear'}`);
      if (username === 'ada' && password === 'secret') next(null, { user: username });
      else next(new Error('who is that?'));
    },
    onMailFrom: (_address, _session, next) => {
      did.push('mail');
      next();
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => server.close(() => undefined) });
  return { did, port: (server.server.address() as AddressInfo).port };
}
const withKey = ({ certFile, keyFile }: Certificates['server']) => ({
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});
const inClear: SMTPServerOptions = { disabledCommands: ['STARTTLS', 'AUTH'] };

const look = (environment: Record<string, string>): Promise<Check[]> =>
  checkMail(
    configFrom(doctorSettings, {
      ...{ DATABASE_URL: 'postgres://127.0.0.1:9/nova', SMTP_CA_FILE: certificates.caFile },
      ...environment,
    }),
  );
const fault = async (environment: Record<string, string>) => {
  const [first] = await look(environment);
  expect(first).toMatchObject({ of: 'mail', what: 'reachable', state: 'fault' });
  return { says: first?.says, cure: first?.cure };
};
const like = (pattern: RegExp) => expect.stringMatching(pattern) as string;

describe('nova doctor, of the mail server', () => {
  it('has a session as workers have it, with TLS and the login of SMTP_URL, and sends nothing', async () => {
    const { did, port } = await mailServer(withKey(certificates.server));
    const url = `smtp://ada:secret@localhost:${port}`;
    const environment = { SMTP_REQUIRE_TLS: 'true', EMAIL_FROM: 'Nova <nova@nova.example>' };
    expect(await look({ SMTP_URL: url, ...environment })).toEqual([
      {
        of: 'mail',
        what: 'reachable',
        state: 'ok',
        says: `localhost:${port} takes a session with our login`,
        cure: null,
      },
      { of: 'mail', what: 'sender', state: 'ok', says: 'Nova <nova@nova.example>', cure: null },
    ]);
    expect(did).toEqual(['login by TLS']);
  });

  it('needs no login and no TLS where none is set, and warns of a sender that exists nowhere', async () => {
    const { did, port } = await mailServer(inClear);
    const checks = await look({ SMTP_URL: `smtp://127.0.0.1:${port}` });
    expect(checks.map(({ what, state }) => `${what} ${state}`)).toEqual(['reachable ok', 'sender warning']);
    expect(checks[0]?.says).toBe(`127.0.0.1:${port} takes a session without a login`);
    expect(did).toEqual([]);
  });

  it('says that a login is refused, and shows none', async () => {
    const { port } = await mailServer(withKey(certificates.server));
    const { says, cure } = await fault({ SMTP_URL: `smtp://ada:wrong@localhost:${port}` });
    expect(says).toMatch(new RegExp(`^localhost:${port}: authentication: .*535`));
    expect(cure).toMatch(/^correct the login in SMTP_URL/);
    expect(says).not.toMatch(/ada|wrong/);
  });

  it('says that nothing listens', async () => {
    const port = await freePort();
    expect(await fault({ SMTP_URL: `smtp://127.0.0.1:${port}` })).toEqual({
      says: like(new RegExp(`^127.0.0.1:${port}: refused: connect ECONNREFUSED`)),
      cure: like(new RegExp(`^nothing listens at 127.0.0.1:${port}: start`)),
    });
  });

  it('says that the name of the host is not resolved', async () => {
    expect(await fault({ SMTP_URL: 'smtp://mail.invalid:587' })).toEqual({
      says: like(/^mail\.invalid:587: DNS: getaddrinfo /),
      cure: like(/^correct the name of the host/),
    });
  });

  it('says that it took too long, sooner than the doctor waits for a server', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    open.push(silent);
    const { port } = silent.address() as AddressInfo;
    expect(await inTime(fault({ SMTP_URL: `smtp://127.0.0.1:${port}` }))).toEqual({
      says: like(new RegExp(`^127.0.0.1:${port}: timed out: `)),
      cure: like(/587 or 465/),
    });
  });

  it.each([
    ['its certificate has expired', () => withKey(certificates.expired), 'smtp', /TLS: its certificate has expired/],
    [
      'its certificate is of another name',
      () => withKey(certificates.elsewhere),
      'smtp',
      /TLS: its certificate is for another name/,
    ],
    ['it has no STARTTLS and TLS is required', () => inClear, 'smtp', /: TLS: /],
    ['it speaks no TLS on a port of smtps://', () => inClear, 'smtps', /TLS: it does not speak TLS on this port/],
  ] as const)('says of TLS that %s', async (_what, options, protocol, says) => {
    const { port } = await mailServer(options());
    expect(await fault({ SMTP_URL: `${protocol}://127.0.0.1:${port}`, SMTP_REQUIRE_TLS: 'true' })).toEqual({
      says: like(says),
      cure: like(/SMTP_CA_FILE.*SMTP_REQUIRE_TLS/),
    });
  });

  it('says what a server replied that takes no session', async () => {
    const { port } = await mailServer({
      ...inClear,
      onConnect: (_session, next) => next(Object.assign(new Error('not you'), { responseCode: 554 })),
    });
    expect((await fault({ SMTP_URL: `smtp://127.0.0.1:${port}` })).says).toMatch(/: the server replied 554: .*not you/);
  });

  it('is one of the servers of the command: a fault is its exit code, no mail server is a note', async () => {
    const doctor = async (environment: Record<string, string>) => {
      const { code, stdout } = await runOps(environment, 'doctor');
      return { code, mail: stdout.split('\n').filter((line, i, all) => `${all[i - 1]}${line}`.includes(' mail ')) };
    };
    const away = await doctor({ SMTP_URL: 'smtp://127.0.0.1:9' });
    expect(away.code).toBe(1);
    expect(away.mail[0]).toMatch(/^FAULT +mail +reachable +127\.0\.0\.1:9: refused/);
    expect(away.mail[1]).toMatch(/^ {4}→ nothing listens at/);
    expect((await doctor({})).mail[0]).toMatch(/^· +mail +reachable +no mail server is set/);
  });
});

import { readFileSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { type RequireTls, SmtpChannel } from '../../../../activities/notify/smtp-channel';
import { type Certificates, type KeyPair, makeCertificates } from '../../../support/certificates';
import { patientSmtp } from '../../../support/smtp-lab';

let certificates: Certificates;
const open: { close(): void }[] = [];

beforeAll(() => {
  certificates = makeCertificates();
});

afterEach(() => open.splice(0).forEach((each) => each.close()));
afterAll(() => certificates.remove());

/** A mail server, with STARTTLS if it has a certificate; says of each message whether it came by TLS. */
async function mailServer(pair?: KeyPair): Promise<{ port: number; received: { secure: boolean }[] }> {
  const received: { secure: boolean }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: pair === undefined ? ['STARTTLS', 'AUTH'] : ['AUTH'],
    ...(pair && { cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) }),
    closeTimeout: 100,
    onData: (stream, session, next) => {
      stream.resume().on('end', () => {
        received.push({ secure: session.secure });
        next();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => server.close(() => undefined) });
  return { port: (server.server.address() as AddressInfo).port, received };
}

async function send(port: number, requireTls?: RequireTls, host = '127.0.0.1') {
  const channel = new SmtpChannel({
    url: `smtp://${host}:${port}`,
    from: 'a@b.example',
    connections: 1,
    timeouts: patientSmtp,
    ca: readFileSync(certificates.caFile),
    ...(requireTls && { requireTls }),
  });
  open.push(channel);
  return channel.send({ deliveryId: 'd.r', address: 'bob@example.com', subject: 's', text: 't' });
}

describe('a mail server without TLS', () => {
  it('gets nothing when TLS is required', async () => {
    const { port, received } = await mailServer();
    expect(await send(port, 'true')).toMatchObject({ kind: 'not_sent', scope: 'channel', reason: 'SMTP_TLS_500' });
    expect(received).toEqual([]);
  });

  it('gets nothing by default, unless it is this machine', async () => {
    const { port, received } = await mailServer();
    // Every system leads this name to loopback, and it is not one of loopback’s names.
    expect(await send(port, undefined, '0')).toMatchObject({ kind: 'not_sent', reason: 'SMTP_TLS_500' });
    expect(received).toEqual([]);
    expect(await send(port)).toMatchObject({ kind: 'accepted' });
    expect(received).toEqual([{ secure: false }]);
  });

  it('gets messages when SMTP_REQUIRE_TLS is false', async () => {
    const { port, received } = await mailServer();
    expect(await send(port, 'false', '0')).toMatchObject({ kind: 'accepted' });
    expect(received).toEqual([{ secure: false }]);
  });
});

describe('a mail server with TLS', () => {
  it('gets messages by TLS', async () => {
    const { port, received } = await mailServer(certificates.server);
    expect(await send(port, 'true')).toMatchObject({ kind: 'accepted' });
    expect(received).toEqual([{ secure: true }]);
  });

  it.each(['expired', 'elsewhere'] as const)('is not believed when its certificate is %s', async (name) => {
    const { port, received } = await mailServer(certificates[name]);
    expect(await send(port, 'true')).toMatchObject({ kind: 'not_sent', scope: 'channel', reason: 'SMTP_TLS' });
    expect(received).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { TLSSocket, connect, createSecureContext } from 'node:tls';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { createKafka, kafkaSecuritySettings } from '../../../runtime/kafka';
import { asDatabaseError, createPool } from '../../../runtime/postgres';
import { createRedis } from '../../../runtime/redis';
import { temporalTlsFault } from '../../../runtime/temporal-tls';
import { tlsFault } from '../../../runtime/tls';
import { explainEarlyReset } from '../../../runtime/tls-resets';
import { type Certificates, makeCertificates } from '../../support/certificates';
import { silentLogger } from '../../support/logger';
import { waitFor } from '../../support/wait-for';

let certificates: Certificates;
beforeAll(() => void (certificates = makeCertificates()));
afterAll(() => certificates.remove());

/** Resets each connection: as soon as the handshake is over, when something was written and a reply sent, or without TLS. */
type Reset = 'after the handshake' | 'after a reply' | 'a plain connection';
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

async function startResetting(reset: Reset, reply = '') {
  const secureContext = createSecureContext({
    cert: readFileSync(certificates.server.certFile),
    key: readFileSync(certificates.server.keyFile),
  });
  const secure = (raw: Socket) => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext });
    socket.on('error', () => undefined);
    if (reset === 'after the handshake') socket.once('secure', () => void raw.resetAndDestroy());
    else
      socket.once('data', () => {
        socket.once('data', () => void raw.resetAndDestroy());
        socket.write(reply);
      });
  };
  const server = createServer((raw) => {
    raw.on('error', () => undefined);
    raw.once('readable', () => {
      const first = (raw.read() as Buffer | null) ?? Buffer.alloc(0);
      if (reset === 'a plain connection') return void raw.resetAndDestroy();
      if (first.equals(sslRequest)) raw.write('S');
      else raw.unshift(first);
      secure(raw);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(resolve)),
  };
}

type Talk = (address: string, caFile: string | undefined) => Promise<unknown>;

const talkToRedis: Talk = async (address, caFile) => {
  let warn!: (error: string) => void;
  const warned = new Promise<string>((resolve) => (warn = resolve));
  const logger = Object.assign(Object.create(silentLogger), {
    warn: ({ error }: { error: string }) => warn(error),
  }) as typeof silentLogger;
  const url = `${caFile === undefined ? 'redis' : 'rediss'}://${address}`;
  const redis = createRedis({ url, keyPrefix: '', logger, tls: { redisCaFile: caFile ?? '' } });
  redis.connect().then(
    () => redis.ping().catch(() => undefined),
    () => undefined,
  );
  const said = await warned;
  redis.disconnect();
  throw new Error(said);
};

const talkToPostgres: Talk = async (address, caFile) => {
  const tls = caFile === undefined ? '?sslmode=disable' : `?sslmode=verify-full&sslrootcert=${caFile}`;
  const url = `postgres://nova@${address}/nova${tls}`;
  const pool = createPool({ url, max: 1, applicationName: 'tls-test', logger: silentLogger });
  await pool
    .query('SELECT 1')
    .catch((thrown: unknown) => {
      throw asDatabaseError(thrown);
    })
    .finally(() => pool.end());
};

const talkToKafka: Talk = async (address, caFile) => {
  const files = caFile === undefined ? {} : { KAFKA_CA_FILE: caFile };
  const settings = { ...sharedSettings.kafka, ...kafkaSecuritySettings };
  const config = configFrom(settings, { KAFKA_BROKERS: address, ...files });
  const admin = createKafka(config, 'tls-test', silentLogger).admin();
  await admin.connect().finally(() => admin.disconnect());
};

const talkToTemporal: Talk = async (address, caFile) => {
  const files = caFile === undefined ? {} : { TEMPORAL_CA_FILE: caFile };
  const fault = await temporalTlsFault(configFrom(sharedSettings.temporal, { TEMPORAL_ADDRESS: address, ...files }));
  throw new Error(fault ?? 'nothing of TLS');
};

const said = async (talk: Talk, reset: Reset, reply?: string): Promise<string> => {
  const server = await startResetting(reset, reply);
  try {
    const thrown: unknown = await talk(
      server.address,
      reset === 'a plain connection' ? undefined : certificates.caFile,
    ).then(
      () => new Error('connected'),
      (error: unknown) => error,
    );
    return `${tlsFault(thrown) ?? ''} | ${(thrown as Error).message}`;
  } finally {
    await server.close();
  }
};
const hint = /it ends the connection after the handshake: it may want a client certificate, or another one/;

describe.each([
  ['Redis', talkToRedis],
  ['PostgreSQL', talkToPostgres],
  ['Kafka', talkToKafka],
  ['Temporal', talkToTemporal],
] as const)('%s', (_name, talk) => {
  it('that resets a connection right after its handshake may want a client certificate, and the error says so', async () => {
    let text = '';
    // Each client gives up after some seconds: on a busy machine it may say no more than that, and is asked again.
    await waitFor(async () => hint.test((text = await said(talk, 'after the handshake')))).catch(() => undefined);
    expect(text).toMatch(hint);
  });

  it('that resets a plain connection is not accused of it', async () => {
    expect(await said(talk, 'a plain connection')).not.toMatch(/certificate/);
  });
});

it('a reset of a connection that has worked is not taken for it', async () => {
  const server = await startResetting('after a reply', 'hello');
  const [host = '', port] = server.address.split(':');
  const socket = connect({ host, port: Number(port), ca: readFileSync(certificates.caFile) });
  explainEarlyReset(socket);
  const error = new Promise<Error>((resolve) => void socket.on('error', resolve));
  socket.on('data', () => void socket.write('again'));
  socket.write('hello');
  expect((await error).message).toMatch(/^(read|write) (ECONNRESET|EPIPE)$/);
  await server.close();
});

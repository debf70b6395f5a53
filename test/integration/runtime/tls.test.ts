import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { createKafka, kafkaSecuritySettings } from '../../../runtime/kafka';
import { asDatabaseError, createPool } from '../../../runtime/postgres';
import { createRedis } from '../../../runtime/redis';
import { temporalTlsFault } from '../../../runtime/temporal-tls';
import { connectClient } from '../../../runtime/temporal';
import { readTlsFiles, tlsFault } from '../../../runtime/tls';
import { connectWorker } from '../../../workers/temporal';
import { type Certificates, makeCertificates } from '../../support/certificates';
import { silentLogger } from '../../support/logger';
import { servers } from '../../support/servers';
import {
  type ServerCertificate,
  type TlsServer,
  startTlsKafka,
  startTlsPostgres,
  startTlsProxies,
  startTlsRedis,
} from '../../support/tls-servers';
import { waitFor } from '../../support/wait-for';

let certificates: Certificates;
let running: Record<'redis' | 'postgres' | 'temporal' | 'kafka', TlsServer>;

beforeAll(async () => {
  certificates = makeCertificates();
  const [host = '', port] = servers().temporalAddress.split(':');
  const [redis, postgres, temporal, kafka] = await Promise.all([
    startTlsRedis(certificates),
    startTlsPostgres(certificates),
    startTlsProxies(certificates, { host, port: Number(port) }),
    startTlsKafka(certificates),
  ]);
  running = { redis, postgres, temporal, kafka };
  await waitFor(() => talkToKafka('server', files('ca', 'client')).then(() => true), { what: 'the broker up' });
});

afterAll(async () => {
  await Promise.all(Object.values(running).map((server) => server.close()));
  certificates.remove();
});

interface Files {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const files = (ca: 'ca' | 'stranger', client: 'client' | 'strangerClient' | undefined): Files => ({
  ca: ca === 'ca' ? certificates.caFile : certificates.strangerCaFile,
  cert: client === undefined ? '' : certificates[client].certFile,
  key: client === undefined ? '' : certificates[client].keyFile,
});

const variables = (prefix: string, { ca, cert, key }: Files) => ({
  [`${prefix}_CA_FILE`]: ca,
  [`${prefix}_CERT_FILE`]: cert,
  [`${prefix}_KEY_FILE`]: key,
});

type Talk = (showing: ServerCertificate, given: Files) => Promise<unknown>;

const talkToRedis: Talk = async (showing, given) => {
  const url = `rediss://127.0.0.1:${await running.redis.showing(showing)}`;
  const config = configFrom(sharedSettings.redis, { REDIS_URL: url, ...variables('REDIS', given) });
  const warnings: string[] = [];
  const warn = ({ error }: { error: string }) => void warnings.push(error);
  const logger = Object.assign(Object.create(silentLogger), { warn }) as typeof silentLogger;
  const redis = createRedis({ url: config.redisUrl, keyPrefix: '', logger, tls: config });
  try {
    await redis.connect();
    await redis.ping();
  } catch {
    // Why it failed is said by the event, not by the command.
    await waitFor(() => warnings.length > 0);
    throw new Error(warnings.join('; '));
  } finally {
    redis.disconnect();
  }
};

const talkToPostgres: Talk = async (showing, { ca, cert, key }) => {
  const port = await running.postgres.showing(showing);
  const own = cert === '' ? '' : `&sslcert=${cert}&sslkey=${key}`;
  const url = `postgres://nova@127.0.0.1:${port}/nova?sslmode=verify-full&sslrootcert=${ca}${own}`;
  const pool = createPool({ url, max: 1, applicationName: 'tls-test', logger: silentLogger });
  try {
    const { rows } = await pool.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    expect(rows).toEqual([{ ssl: true }]);
  } catch (thrown) {
    throw asDatabaseError(thrown);
  } finally {
    await pool.end();
  }
};

const temporalConfig = async (showing: ServerCertificate, given: Files) =>
  configFrom(sharedSettings.temporal, {
    TEMPORAL_ADDRESS: `127.0.0.1:${await running.temporal.showing(showing)}`,
    TEMPORAL_NAMESPACE: servers().temporalNamespace,
    ...variables('TEMPORAL', given),
  });

const talkToTemporal: Talk = async (showing, given) => {
  const config = await temporalConfig(showing, given);
  const connection = connectClient(config);
  try {
    await connection.withDeadline(Date.now() + 5_000, () => connection.workflowService.getSystemInfo({}));
  } catch (thrown) {
    throw new Error(await temporalTlsFault(config), { cause: thrown });
  } finally {
    await connection.close();
  }
};

const talkAsWorker: Talk = async (showing, given) =>
  (await connectWorker(await temporalConfig(showing, given))).close();

const talkToKafka: Talk = async (showing, given) => {
  const brokers = `127.0.0.1:${await running.kafka.showing(showing)}`;
  const settings = { ...sharedSettings.kafka, ...kafkaSecuritySettings };
  const config = configFrom(settings, { KAFKA_BROKERS: brokers, ...variables('KAFKA', given) });
  const admin = createKafka(config, 'tls-test', silentLogger).admin();
  try {
    await admin.connect();
    await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
};

describe.each([
  ['Redis', talkToRedis],
  ['PostgreSQL', talkToPostgres],
  ['Temporal’s client', talkToTemporal],
  ['Temporal’s workers', talkAsWorker],
  ['Kafka', talkToKafka],
] as const)('%s', (_name, talk) => {
  const said = async (showing: ServerCertificate, given: Files): Promise<string> => {
    const thrown: unknown = await talk(showing, given).then(
      () => new Error('connected'),
      (error: unknown) => error,
    );
    const texts: string[] = [];
    for (let error = thrown; error instanceof Error; error = error.cause) texts.push(error.message);
    return [tlsFault(thrown) ?? '', ...texts].join(' | ');
  };
  /** What is said in the end: each client gives up after some seconds, and on a busy machine nothing may be said by then. */
  const says = async (pattern: RegExp, showing: ServerCertificate, given: Files): Promise<void> => {
    let text = '';
    const isSaid = async () => pattern.test((text = await said(showing, given))) || /\bconnected$/.test(text);
    await waitFor(isSaid, { what: `words like ${pattern}` }).catch(() => undefined);
    expect(text).toMatch(pattern);
  };

  it('is reached by TLS with the CA and our certificate', async () => {
    await waitFor(() => talk('server', files('ca', 'client')).then(() => true));
  });

  it('is not believed with another CA', async () => {
    await says(/not signed by an authority that we know/, 'server', files('stranger', 'client'));
  });

  it('is not believed with a certificate that has expired', async () => {
    await says(/certificate has expired/, 'expired', files('ca', 'client'));
  });

  it('is not believed with a certificate of another host', async () => {
    await says(/certificate is for another name/, 'elsewhere', files('ca', 'client'));
  });

  it('says that it wants a client certificate', async () => {
    await says(/client certificate/, 'server', files('ca', undefined));
  });

  it('does not take a client certificate of another authority', async () => {
    await says(
      /does not take our client certificate|client certificate, or another one/,
      'server',
      files('ca', 'strangerClient'),
    );
  });
});

describe('the files', () => {
  it('are named when they cannot be used', () => {
    const { client, caFile, folder } = certificates;
    const none = join(folder, 'none.pem');
    expect(() => readTlsFiles('KAFKA', { caFile: none, certFile: client.certFile, keyFile: '' })).toThrow(
      `KAFKA_CA_FILE=${JSON.stringify(none)} cannot be read: ENOENT; KAFKA_CERT_FILE and KAFKA_KEY_FILE must be set both, or neither`,
    );
    const wrong = join(folder, 'wrong.pem');
    writeFileSync(wrong, readFileSync(client.keyFile));
    expect(() => readTlsFiles('REDIS', { caFile: wrong, certFile: '', keyFile: '' })).toThrow(
      `REDIS_CA_FILE=${JSON.stringify(wrong)} holds no PEM block CERTIFICATE`,
    );
    expect(readTlsFiles('REDIS', { caFile, ...client })).toHaveProperty('key');
    expect(readTlsFiles('REDIS', { caFile: '', certFile: '', keyFile: '' })).toBeUndefined();
  });
});

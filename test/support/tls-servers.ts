import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { locateKafka } from '../../dev/stack/fetch/kafka-jars';
import { choosePorts } from '../../dev/stack/ports';
import { kafka, kafkaProperties } from '../../dev/stack/servers/kafka';
import { endsWithUs } from '../../proof/run/at-our-end';
import { type Certificates, type KeyPair, serverOptions } from './certificates';
import { startOwnServer } from './own-stack';

/** A real server that speaks TLS, as one of the certificates, and demands a certificate of its clients. */
export interface TlsServer {
  /** Port at which it shows this certificate from now on. */
  showing(certificate: ServerCertificate): Promise<number>;
  close(): Promise<void>;
}

export type ServerCertificate = 'server' | 'expired' | 'elsewhere';
const serverCertificates = ['server', 'expired', 'elsewhere'] as const satisfies readonly ServerCertificate[];

export async function startTlsRedis(certificates: Certificates): Promise<TlsServer> {
  const { redis: port = 0 } = await choosePorts(['redis'], {}, {});
  const own = await startOwnServer('redis', 'tls');
  const admin = new Redis(own.addresses.redisUrl);
  return {
    async showing(certificate) {
      const { certFile, keyFile } = certificates[certificate];
      const files = ['tls-cert-file', certFile, 'tls-key-file', keyFile, 'tls-ca-cert-file', certificates.caFile];
      await admin.call('CONFIG', 'SET', ...files, 'tls-auth-clients', 'yes', 'tls-port', port);
      return port;
    },
    async close() {
      admin.disconnect();
      await own.close();
    },
  };
}

/** User `nova` is who shows a certificate for `nova`; without TLS the test's own client gets in. */
export async function startTlsPostgres(certificates: Certificates): Promise<TlsServer> {
  const own = await startOwnServer('postgres', 'tls');
  const admin = new Client({ connectionString: own.addresses.databaseUrl });
  await admin.connect();
  const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory');
  const data = String(rows[0]?.data_directory);
  const { uid, gid } = statSync(data);
  const place = (from: string, name: string): void => {
    rmSync(join(data, name), { force: true });
    copyFileSync(from, join(data, name));
    chownSync(join(data, name), uid, gid);
  };
  const rules = join(data, 'pg_hba.conf');
  const before = readFileSync(rules, 'utf8');
  writeFileSync(rules, `hostssl all all 127.0.0.1/32 cert\n${before}`);
  return {
    async showing(certificate) {
      const { certFile, keyFile } = certificates[certificate];
      place(certFile, 'tls.pem');
      place(keyFile, 'tls.key');
      place(certificates.caFile, 'tls-ca.pem');
      for (const [name, value] of Object.entries({
        ...{ ssl: 'on', ssl_cert_file: 'tls.pem', ssl_key_file: 'tls.key', ssl_ca_file: 'tls-ca.pem' },
      }))
        await admin.query(`ALTER SYSTEM SET ${name} = '${value}'`);
      const loaded = 'SELECT pg_conf_load_time() AS at';
      const { rows: old } = await admin.query<{ at: Date }>(loaded);
      await admin.query('SELECT pg_reload_conf()');
      while (Number((await admin.query<{ at: Date }>(loaded)).rows[0]?.at) === Number(old[0]?.at));
      return Number(new URL(own.addresses.databaseUrl).port);
    },
    async close() {
      await admin.end();
      await own.close();
    },
  };
}

/** A proxy that ends TLS in front of a server that has none, as an ingress does. One per certificate. */
export async function startTlsProxies(
  certificates: Certificates,
  target: { host: string; port: number },
): Promise<TlsServer> {
  const start = async (pair: KeyPair) => {
    const server = createServer({ ...serverOptions(certificates, pair), ALPNProtocols: ['h2'] }, (client) => {
      const upstream = connect(target);
      client.pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const servers = await Promise.all(serverCertificates.map((certificate) => start(certificates[certificate])));
  return {
    showing: async (certificate) => (servers[serverCertificates.indexOf(certificate)]?.address() as AddressInfo).port,
    close: async () => void (await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))),
  };
}

/** A broker with a listener per certificate. */
export async function startTlsKafka(certificates: Certificates): Promise<TlsServer> {
  const located = await locateKafka(process.env);
  if (!('ready' in located)) throw new Error('Kafka is not here yet: `npm run stack -- up` fetches it');
  const data = mkdtempSync(join(tmpdir(), 'nova-kafka-tls-'));
  const names = ['kafka', 'kafkaController', 'postgres', 'redis', 'temporal'] as const;
  const ports = await choosePorts([...names], {}, {});
  const tlsPorts = { server: ports.postgres, expired: ports.redis, elsewhere: ports.temporal };
  const setting = { program: located.ready, data, ports, profile: 'test', temporalNamespace: '' } as const;
  await kafka.create(setting);
  const { file, args, cwd } = kafka.command(setting);
  const listeners = serverCertificates.map((name) => `${name.toUpperCase()}://127.0.0.1:${tlsPorts[name]}`);
  const properties = kafkaProperties(setting).replace(
    /^((?:advertised\.)?listeners=.*)$/gm,
    `$1,${listeners.join(',')}`,
  );
  const lines = [
    ...['ssl.truststore.type=PEM', `ssl.truststore.location=${certificates.caFile}`, 'ssl.client.auth=required'],
    ...serverCertificates.flatMap((name) => {
      const { certFile, keyFile } = certificates[name];
      const store = join(data, `${name}.pem`);
      writeFileSync(store, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'));
      const listener = `listener.name.${name}.ssl.keystore`;
      return [`${listener}.type=PEM`, `${listener}.location=${store}`];
    }),
  ];
  const configuration = join(data, 'server.properties');
  writeFileSync(
    configuration,
    properties
      .replace(/^listener\.security\.protocol\.map=.*$/m, (map) =>
        [map, ...serverCertificates.map((name) => `${name.toUpperCase()}:SSL`)].join(','),
      )
      .concat(lines.join('\n'), '\n'),
  );
  const child = endsWithUs(spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }));
  const log = join(data, 'broker.log');
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
  return {
    showing: async (certificate) => Number(tlsPorts[certificate]),
    async close() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

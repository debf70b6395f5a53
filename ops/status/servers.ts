import { type Redis } from 'ioredis';
import { topicsOf } from '../../activities/emit/settings';
import { type ConfigOf, sharedSettings } from '../../runtime/config';
import { oneLine, toError } from '../../runtime/errors';
import { createKafka, kafkaSecuritySettings } from '../../runtime/kafka';
import { createLogger } from '../../runtime/logger';
import { isInState, outboxesOf } from '../../runtime/outboxes';
import { serviceErrorIn } from '../../runtime/service-error';
import { tlsFault } from '../../runtime/tls';
import { placeOf } from '../../runtime/which-setting';
import { within } from '../../runtime/within';
import { opsSettings } from '../connections';

/** What `nova status` reads from the environment. */
export const statusSettings = { ...opsSettings, ...sharedSettings.kafka, ...kafkaSecuritySettings } as const;
export type StatusConfig = ConfigOf<typeof statusSettings>;

/** One server, as seen from where the command runs. */
export interface ServerLook {
  readonly server: 'PostgreSQL' | 'Temporal' | 'Kafka' | 'Redis' | `outbox ${string}`;
  /** host:port, of PostgreSQL also the database; never a login. */
  readonly at: string;
  /** The variable that leads there. */
  readonly setting: string;
  /** What it says of itself; null: it did not reply. */
  readonly says: string | null;
  /** Why it could not be asked; null: it was. */
  readonly failed: string | null;
}

type Place = Pick<ServerLook, 'server' | 'at' | 'setting'>;

/** Where each server should be. */
export function placesOf(config: StatusConfig) {
  return {
    postgres: { server: 'PostgreSQL', at: placeOf(config.databaseUrl), setting: 'DATABASE_URL' },
    temporal: { server: 'Temporal', at: config.temporalAddress, setting: 'TEMPORAL_ADDRESS' },
    kafka: { server: 'Kafka', at: config.kafkaBrokers.join(','), setting: 'KAFKA_BROKERS' },
    redis: { server: 'Redis', at: placeOf(config.redisUrl), setting: 'REDIS_URL' },
  } as const satisfies Record<string, Place>;
}

/** Where the outboxes are that have databases of their own, as far as they are asked for. */
export function outboxPlaces(config: StatusConfig, names: readonly string[]): (Place & { readonly name: string })[] {
  const [first, ...others] = outboxesOf(config).filter(({ name }) => names.includes(name));
  if (first !== undefined && others.length === 0 && isInState(first, config)) return [];
  return [first ?? [], others]
    .flat()
    .map(({ name, url }) => ({ name, server: `outbox ${name}`, at: placeOf(url), setting: 'OUTBOXES' }));
}

/** No server is waited for longer than this, milliseconds: each has limits of its own below it. */
const patienceMs = 12_000;

/** Like `work`; rejects when that takes longer than a person waits. */
export const inTime = <T>(work: Promise<T>): Promise<T> =>
  within(patienceMs, work, () => new Error(`no reply within ${patienceMs / 1_000} s`));

/** @param thrown why the server could not be asked; null: it was */
export const lookOf = (place: Place, says: string, thrown: unknown = null): ServerLook =>
  thrown === null
    ? { ...place, says, failed: null }
    : { ...place, says: null, failed: tlsFault(thrown) ?? oneLine(serviceErrorIn(thrown) ?? thrown) };

/** What `ask` returns, or why it failed. Never rejects. */
export async function lookAt(place: Place, ask: () => Promise<string>): Promise<ServerLook> {
  return inTime(ask()).then(
    (says) => lookOf(place, says),
    (thrown: unknown) => lookOf(place, '', thrown),
  );
}

/** `PostgreSQL: 127.0.0.1:5432/nova (DATABASE_URL) not reachable: connect ECONNREFUSED 127.0.0.1:5432` */
export const serverLine = ({ server, at, setting, says, failed }: ServerLook): string =>
  `${server}: ${at} (${setting}) ${failed === null ? `replies${says === '' ? '' : `: ${says}`}` : `not reachable: ${failed}`}`;

/** How many brokers the cluster has, and which topics of ours it lacks. */
export async function askKafka(config: StatusConfig): Promise<string> {
  const admin = createKafka(config, 'nova-ops', createLogger('nova', 'silent')).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const there = await admin.listTopics();
    const missing = [...new Set(Object.values(topicsOf(config)))].filter((topic) => !there.includes(topic));
    const count = `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}`;
    return missing.length === 0 ? count : `${count}, without the topics ${missing.sort().join(', ')}`;
  } finally {
    void admin.disconnect().catch(() => undefined);
  }
}

/** @throws Error that says why Redis could not be reached, which what connect() rejects with does not */
export async function connectRedis(redis: Redis): Promise<void> {
  // On a later look it is connected, or tries again by itself: then what is asked next says so.
  if (redis.status !== 'wait' && redis.status !== 'end') return;
  let cause: unknown;
  redis.once('error', (error: unknown) => (cause = error));
  await redis.connect().catch((thrown: unknown) => {
    throw toError(cause ?? thrown);
  });
}

/** What Redis does when its memory is full. */
export async function askRedis(redis: Redis): Promise<string> {
  await connectRedis(redis);
  await redis.ping();
  // A login may not be allowed to ask this.
  const info = await redis.info('memory').catch(() => '');
  const [used, policy] = ['used_memory_human', 'maxmemory_policy'].map(
    (name) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1],
  );
  return [used === undefined ? [] : `${used} in use`, policy ?? []].flat().join(', ');
}

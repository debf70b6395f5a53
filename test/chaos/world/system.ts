import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { type LoginRole, urlsOf } from '../../../dev/logins';
import { environmentOf } from '../../../dev/stack/addresses';
import { createLogger } from '../../../runtime/logger';
import { makeBundle } from '../../../workers/workflow-bundle';
import { type ChaosWorld, type Death } from '../types';
import { counts, withMovableClock } from './counts';
import { type WorldDatabases } from './databases';
import { type Links } from './links';
import { ManagedProcess } from './managed-process';
import { createMovableClock, type MovableClock } from './movable-clock';
import { servedBy } from './outboxes';

/** A bridge’s lease, milliseconds: short, so that a run sees many of them end. */
const leaseMs = 10_000;
/** How long an upload waits for its post; an hour in production. */
const claimWindowMs = 10_000;

export interface System {
  readonly bridges: readonly ManagedProcess[];
  readonly workers: readonly ManagedProcess[];
  /** Passive subscribers: a graph service, and two readers of one group. */
  readonly listeners: readonly ManagedProcess[];
  readonly clocks: Readonly<Record<keyof typeof withMovableClock, MovableClock>>;
}

interface SystemOptions {
  readonly links: Links;
  readonly databases: WorldDatabases;
  readonly world: Pick<ChaosWorld, 'names' | 'folder' | 'pullThreshold' | 'feedCap'>;
  readonly smtpUrl: string;
  readonly onStart: (pid: number) => void;
  readonly onDeath: (death: Death) => void;
}

/** What someone may have set for another deployment, and what would break the run’s isolation or the proof. */
const unset = Object.fromEntries(
  [
    ...['WORKER_QUEUES', 'BRIDGE_METRICS_PORT', 'WORKER_METRICS_PORT', 'FEED_CHUNK_SIZE'],
    ...['KAFKA_IDENTITY_EVENTS_TOPIC', 'KAFKA_MEDIA_EVENTS_TOPIC', 'KAFKA_EVENTS_TOPIC', 'KAFKA_MESSAGE_EVENTS_TOPIC'],
  ].map((name) => [name, '']),
);

/** Plans the bridges and workers, each a process of its own from source as in production; none is started yet. */
export async function planSystem(options: SystemOptions): Promise<System> {
  const { folder } = options.world;
  const environment = { ...environmentFor(options), WORKFLOW_BUNDLE: await bundleInto(folder) };
  const clocks = {
    bridge: await createMovableClock(join(folder, 'bridge.clock')),
    workers: await createMovableClock(join(folder, 'workers.clock')),
  };
  const several = (kind: keyof typeof withMovableClock, name: string, entry: string): ManagedProcess[] =>
    Array.from({ length: counts[kind] }, (_, index) => {
      const clock = index === withMovableClock[kind] ? clocks[kind].environment : {};
      const { onStart, onDeath } = options;
      const served = kind === 'bridge' && options.databases.outboxes.length > 0 ? (servedBy[index] ?? []) : [];
      const own = { ...environment, ...clock, ...databasesFor(kind, options), BRIDGE_OUTBOXES: served.join(',') };
      return new ManagedProcess({
        name: `${name}-${index}`,
        entry,
        environment: own,
        logFolder: folder,
        onStart,
        onDeath,
      });
    });
  const graphUrl = options.links.through(options.databases.urls.services.social, 'social');
  return {
    bridges: several('bridge', 'bridge', 'outbox-bridge/main.ts'),
    workers: several('workers', 'workers', 'workers/main.ts'),
    listeners: ['graph', 'reader', 'reader'].map(
      (listener, index) =>
        new ManagedProcess({
          name: `listener-${index}`,
          entry: 'test/chaos/world/listener.ts',
          environment: { ...environment, LISTENER: listener, GRAPH_DATABASE_URL: graphUrl },
          logFolder: folder,
          onStart: options.onStart,
          onDeath: options.onDeath,
        }),
    ),
    clocks,
  };
}

/** Where a process finds the databases, each with the rights of its role there and no more. */
function databasesFor(
  role: LoginRole,
  { links, databases }: Pick<SystemOptions, 'links' | 'databases'>,
): Record<string, string> {
  return { DATABASE_URL: urlsOf(links.addresses.databaseUrl)[role], OUTBOXES: outboxesOf(role, databases, links) };
}

/** `OUTBOXES` of a process with this role; without `links` past everything that is between. Empty with one database. */
export function outboxesOf(role: LoginRole, { outboxes }: Pick<WorldDatabases, 'outboxes'>, links?: Links): string {
  const listed = outboxes.map(({ name, domains, urls }) => ({
    name,
    domains,
    url: links?.through(urls[role], name) ?? urls[role],
    ...(role === 'bridge' && links !== undefined ? { listenUrl: links.listening(urls[role], name) } : {}),
  }));
  return listed.length === 0 ? '' : JSON.stringify(listed);
}

/** The settings of every process of the run. */
export function environmentFor({
  links,
  databases,
  world,
  smtpUrl,
}: Pick<SystemOptions, 'links' | 'databases' | 'world' | 'smtpUrl'>): Record<string, string> {
  return {
    ...environmentOf(links.addresses),
    OUTBOX_LISTEN_URL: urlsOf(links.listening(databases.urls.state)).bridge,
    OUTBOX_LEASE_MS: String(leaseMs),
    KAFKA_TOPIC_PREFIX: world.names.topicPrefix,
    REDIS_KEY_PREFIX: world.names.redisPrefix,
    TASK_QUEUE_PREFIX: world.names.taskQueuePrefix,
    SMTP_URL: smtpUrl,
    // A few people write all of it: every e-mail that is due is counted.
    EMAILS_PER_ACTOR_PER_HOUR: '1000',
    MEDIA_CLAIM_WINDOW_MS: String(claimWindowMs),
    FEED_PULL_THRESHOLD: String(world.pullThreshold),
    FEED_CAP: String(world.feedCap),
    // The setting has two sides. With one database a graph service is the one that writes `follows`, in the transactions of the
    // business and on what it hears from Kafka. From a database of its own it cannot, and the events say it.
    FOLLOWS_FROM_EVENTS: String(databases.outboxes.length > 0),
    ...unset,
  };
}

/** Built once: a restarted worker is back sooner. */
async function bundleInto(folder: string): Promise<string> {
  const file = join(folder, 'workflow-bundle.js');
  writeFileSync(file, (await makeBundle(createLogger('chaos', 'error'))).code);
  return file;
}

import { Client, Connection } from '@temporalio/client';
import { Cleanup } from '../../../proof/run/cleanup';
import { newRunId } from '../../../proof/run/run-id';
import { startMailSink } from '../../../proof/observe/mail-sink';
import { urlsOf } from '../../../dev/logins';
import { environmentOf } from '../../../dev/stack/addresses';
import { type ServiceName, serviceNames } from '../../../proof/services';
import { type ChaosWorld, type Death, type PlannedFault, type Restore } from '../types';
import { needsSecondBroker } from '../schedule/fault-kinds';
import { createWorldDatabases, openDatabases } from './databases';
import { dealFault } from './harm';
import { createLinks } from './links';
import { chaosNames } from './names';
import {
  flushRedis,
  noteInto,
  persist,
  runAcknowledge,
  runAudit,
  runRebuildFeeds,
  runReplay,
  runReplayFound,
} from './operator';
import { besideState, bridgesOf, byService } from './outboxes';
import { type OutboxHolder, type OutboxServer } from './outbox-server';
import { sharedDatabase } from './shared-database';
import { startOutboxServers } from './outbox-servers';
import { claimRun } from './run-claim';
import { untilSystemReady } from './ready';
import { prepareReleaseBefore, type ReleaseBefore } from './release-before';
import { type SecondBroker, startSecondBroker } from './second-broker';
import { bringServersUp } from './servers';
import { environmentFor, outboxesOf, planSystem } from './system';

interface WorldShow {
  /** What will be dealt: some faults need something that a run without them is spared. */
  readonly plan: readonly Pick<PlannedFault, 'target' | 'kind'>[];
  /** One database for everything. */
  readonly together: boolean;
  /** What is being done now, for people. */
  readonly detail?: (text: string) => void;
  /** Called at once when a process died by itself. */
  readonly onDeath?: (death: Death) => void;
  /** Ends the setting up half way; what was made by then is removed. */
  readonly signal?: AbortSignal;
  /** Authors with more followers than this are merged by readers; the traffic's social graph decides. */
  readonly pullThreshold?: number;
}

/** Most posts that a feed holds: the product’s default. */
const feedCap = 800;
/** Eleven processes from source on a starved machine. */
const readyTimeoutMs = 600_000;

/**
 * Brings up servers of the run’s own, a fresh migrated database, the faulty network between, and three bridges and two
 * workers; returns when all of them work. `close` of the result undoes it; a failure half way undoes it too.
 */
export async function createWorld(show: WorldShow): Promise<ChaosWorld> {
  const cleanup = new Cleanup();
  try {
    return await build(show, cleanup);
  } catch (thrown) {
    await cleanup.run();
    throw thrown;
  }
}

async function build(show: WorldShow, cleanup: Cleanup): Promise<ChaosWorld> {
  const { onDeath = () => undefined, signal, pullThreshold = 1_000 } = show;
  let said = '';
  const detail = (text: string): void => {
    if (text !== said) show.detail?.(text);
    said = text;
  };
  const names = chaosNames(newRunId());
  const claim = await claimRun(names.run);
  cleanup.add('the claim', async () => claim.release());

  detail(`servers of its own (stack "${claim.stackName}")`);
  const servers = await bringServersUp(claim.stackName);
  cleanup.add('the servers', () => servers.close());
  signal?.throwIfAborted();

  const { together } = show;
  const onStart = (pid: number): void => claim.addChild(pid);
  detail('fresh databases, PgBouncer and the proxies');
  const outboxServers = together
    ? new Map<ServiceName, OutboxServer>()
    : await startOutboxServers({ servers, cleanup, onStart });
  const serverUrl = servers.addresses.databaseUrl;
  const databases = await createWorldDatabases(serverUrl, names.database, {
    together,
    serverOf: (service) => outboxServers.get(service)?.url,
  });
  const databaseUrl = databases.urls.state;
  const links = await createLinks(servers, names.database, { outboxServers, onStart });
  cleanup.add('PgBouncer and the proxies', () => links.close());
  const outboxHolders = new Map<ServiceName, OutboxHolder>(outboxServers);
  for (const name of together ? [] : besideState)
    outboxHolders.set(name, sharedDatabase({ url: databases.urls.services[name], pgBouncer: links.pgBouncer }));
  const mails = await startMailSink();
  cleanup.add('the mail server', () => mails.close());
  signal?.throwIfAborted();

  let secondBroker: SecondBroker | undefined;
  if (show.plan.some(needsSecondBroker)) {
    detail('a second broker');
    secondBroker = await startSecondBroker({ servers, topicPrefix: names.topicPrefix, onStart });
    cleanup.add('the second broker', async () => secondBroker?.close());
  }
  signal?.throwIfAborted();

  const deaths: Death[] = [];
  const base = { names, folder: claim.folder, pullThreshold, feedCap };
  const setting = { links, databases, world: base, smtpUrl: mails.url };
  const system = await planSystem({
    ...setting,
    onStart,
    onDeath: (death) => {
      deaths.push(death);
      onDeath(death);
    },
  });
  let releaseBefore: ReleaseBefore | undefined;
  if (show.plan.some(({ target }) => target === 'release')) {
    detail('the release before this one');
    releaseBefore = await prepareReleaseBefore(links, environmentFor(setting));
    cleanup.add('the release before', async () => releaseBefore?.remove());
  }
  const processes = [...system.bridges, ...system.workers, ...system.listeners];
  const killProcesses = (): void => {
    for (const process of processes) void process.kill();
    void links.pgBouncer.kill();
  };
  process.once('exit', killProcesses);
  cleanup.add('the processes', async () => {
    for (const process of processes) process.signal('SIGCONT');
    await Promise.all(processes.map((process) => process.stop()));
    process.off('exit', killProcesses);
  });

  detail('three bridges, two workers and three subscribers');
  for (const process of [...system.bridges, ...system.workers]) process.start();
  const connection = Connection.lazy({ address: servers.addresses.temporalAddress });
  const looking = openDatabases(databases.urls, 2, 'nova-chaos-setup');
  try {
    const { temporalNamespace: namespace } = servers.addresses;
    await untilSystemReady({
      connection,
      namespace,
      taskQueuePrefix: names.taskQueuePrefix,
      outboxes: together
        ? [{ pool: looking.state, bridges: system.bridges.length }]
        : serviceNames.map((name) => ({ pool: looking.services[name], bridges: bridgesOf(name) })),
      processes,
      timeoutMs: readyTimeoutMs,
      interrupted: signal ?? new AbortController().signal,
      detail,
    });
  } finally {
    await Promise.all([looking.end(), connection.close()]);
  }
  // The workers have made the topics by now.
  for (const process of system.listeners) process.start();

  // As the operator has it: past the faulty network, with the settings of the workers.
  const { addresses: direct } = servers;
  const operator = {
    ...environmentFor(setting),
    ...environmentOf({ ...direct, databaseUrl: urlsOf(databaseUrl).operator }),
    OUTBOXES: outboxesOf('operator', databases),
  };
  const writers: ChaosWorld['writers'] = {};
  const restores: Restore[] = [];
  const acting = Connection.lazy({ address: direct.temporalAddress });
  cleanup.add('the operator', () => acting.close());
  const harmed = {
    servers,
    databaseUrl,
    databases,
    outboxHolders,
    restores,
    writers,
    operator: {
      client: new Client({ connection: acting, namespace: direct.temporalNamespace }),
      query: names.workflowQuery,
      replay: (eventIds: readonly string[]) => runReplay(eventIds, operator, claim.folder),
      note: noteInto(claim.folder),
      persist,
    },
    links,
    system,
    secondBroker,
    releaseBefore,
    wipeRedis: () => flushRedis(direct.redisUrl),
    rebuildFeeds: () => runRebuildFeeds(operator, claim.folder),
  };
  let closing: Promise<unknown> | undefined;
  return {
    ...base,
    direct: { ...direct, databaseUrl },
    together,
    databases: databases.urls,
    writersUrls: byService((service) =>
      together
        ? urlsOf(links.addresses.databaseUrl).publisher
        : links.through(urlsOf(databases.urls.services[service], `nova_${service}`).publisher, service),
    ),
    restores,
    mails: mails.received,
    deaths,
    writers,
    audit: () => runAudit(operator, claim.folder),
    replayFound: () => runReplayFound(operator, claim.folder),
    acknowledge: (findings) => runAcknowledge(findings, operator, claim.folder),
    harm: (fault) => dealFault(harmed, fault),
    killProcesses,
    async close() {
      closing ??= cleanup.run();
      await closing;
    },
  };
}

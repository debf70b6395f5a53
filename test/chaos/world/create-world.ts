import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { Cleanup } from '../../../proof/run/cleanup';
import { newRunId } from '../../../proof/run/run-id';
import { startMailSink } from '../../../proof/observe/mail-sink';
import { urlsOf } from '../../../dev/logins';
import { environmentOf } from '../../../dev/stack/addresses';
import { type ChaosWorld, type Death, type PlannedFault } from '../types';
import { needsSecondBroker } from '../schedule/fault-kinds';
import { createRunDatabase } from './database';
import { dealFault } from './harm';
import { createLinks } from './links';
import { chaosNames } from './names';
import { flushRedis, noteInto, persist, runAudit, runRebuildFeeds, runReplay } from './operator';
import { claimRun } from './run-claim';
import { untilSystemReady } from './ready';
import { prepareReleaseBefore, type ReleaseBefore } from './release-before';
import { type SecondBroker, startSecondBroker } from './second-broker';
import { bringServersUp } from './servers';
import { environmentFor, planSystem } from './system';

interface WorldShow {
  /** What will be dealt: some faults need something that a run without them is spared. */
  readonly plan: readonly Pick<PlannedFault, 'target' | 'kind'>[];
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

  detail('a fresh database, PgBouncer and the proxies');
  const databaseUrl = await createRunDatabase(servers.addresses.databaseUrl, names.database);
  const onStart = (pid: number): void => claim.addChild(pid);
  const links = await createLinks(servers, names.database, onStart);
  cleanup.add('PgBouncer and the proxies', () => links.close());
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
  const system = await planSystem({
    links,
    world: base,
    smtpUrl: mails.url,
    onStart,
    onDeath: (death) => {
      deaths.push(death);
      onDeath(death);
    },
  });
  let releaseBefore: ReleaseBefore | undefined;
  if (show.plan.some(({ target }) => target === 'release')) {
    detail('the release before this one');
    releaseBefore = await prepareReleaseBefore(links, environmentFor({ links, world: base, smtpUrl: mails.url }));
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
  const pool = new Pool({ connectionString: databaseUrl, max: 2 });
  pool.on('error', () => undefined);
  try {
    const { temporalNamespace: namespace } = servers.addresses;
    await untilSystemReady({
      connection,
      namespace,
      taskQueuePrefix: names.taskQueuePrefix,
      outboxes: [pool],
      processes,
      timeoutMs: readyTimeoutMs,
      interrupted: signal ?? new AbortController().signal,
      detail,
    });
  } finally {
    await Promise.all([pool.end(), connection.close()]);
  }
  // The workers have made the topics by now.
  for (const process of system.listeners) process.start();

  // As the operator has it: past the faulty network, with the settings of the workers.
  const { addresses: direct } = servers;
  const operator = {
    ...environmentFor({ links, world: base, smtpUrl: mails.url }),
    ...environmentOf({ ...direct, databaseUrl: urlsOf(databaseUrl).operator }),
  };
  const writers: ChaosWorld['writers'] = {};
  const acting = Connection.lazy({ address: direct.temporalAddress });
  cleanup.add('the operator', () => acting.close());
  const harmed = {
    servers,
    databaseUrl,
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
    databaseUrl,
    pooledDatabaseUrl: urlsOf(links.addresses.databaseUrl).publisher,
    mails: mails.received,
    deaths,
    writers,
    audit: () => runAudit(operator, claim.folder),
    harm: (fault) => dealFault(harmed, fault),
    killProcesses,
    async close() {
      closing ??= cleanup.run();
      await closing;
    },
  };
}

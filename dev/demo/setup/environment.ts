import { join } from 'node:path';
import { Client, type Connection } from '@temporalio/client';
import { ensureSearchAttributes } from '../../../migrations/search-attributes';
import { configFrom, sharedSettings } from '../../../runtime/config';
import { connectClient } from '../../../runtime/temporal';
import { environmentOf, type StackAddresses } from '../../stack/addresses';
import { type Cleanup } from '../../../proof/run/cleanup';
import { newRunId } from '../../../proof/run/run-id';
import { runNames, type RunNames } from '../../runs/names';
import { createRunDatabase, databaseVariables, type RunDatabase } from '../../runs/database';
import { removeFromGivenServers, removeOldRuns } from './leftovers';
import { type MailSink, startMailSink } from '../../../proof/observe/mail-sink';
import { startProcess, type DemoProcess } from '../../../proof/run/processes';
import { endOrphans, registerRun, removeOldLogs, runFolder } from './run-register';

/** How long an upload waits for its post in the demo; an hour in production. */
const claimWindowMs = 10_000;
/** Most posts that a feed holds: the product's default. */
export const feedCap = 800;

/** The servers and everything of this run on them. */
export interface Environment {
  readonly addresses: StackAddresses;
  readonly names: RunNames;
  /** Where the run's logs are. */
  readonly folder: string;
  readonly dataDir: string;
  readonly database: RunDatabase;
  readonly connection: Connection;
  readonly client: Client;
  readonly mails: MailSink;
}

/** Databases (State, and one for each service), clients and a mail server for one run. What earlier runs left behind is removed first. */
export async function prepareEnvironment(
  { addresses, dataDir }: { addresses: StackAddresses; dataDir: string },
  cleanup: Cleanup,
): Promise<Environment> {
  const names = runNames(newRunId());
  await removeOldRuns(addresses, await endOrphans(dataDir));
  removeOldLogs(dataDir);
  registerRun(dataDir, names.run, []);
  const database = await createRunDatabase(addresses.databaseUrl, names.database, { apart: true });
  cleanup.add('traces on given servers', () => removeFromGivenServers(addresses, names, () => database.drop()));
  cleanup.add('the database connections', () => database.close());
  const config = configFrom(sharedSettings.temporal, { ...process.env, ...environmentOf(addresses) });
  const connection = connectClient(config);
  cleanup.add('the Temporal connection', () => connection.close());
  await ensureSearchAttributes(connection, addresses.temporalNamespace);
  const mails = await startMailSink();
  cleanup.add('the mail server', () => mails.close());
  const client = new Client({ connection, namespace: addresses.temporalNamespace });
  return { addresses, names, folder: runFolder(dataDir, names.run), dataDir, database, connection, client, mails };
}

/** What someone may have set for another deployment, and what would break the run's isolation or the checks. */
const unsetSettings = Object.fromEntries(
  [
    ...['WORKFLOW_BUNDLE', 'WORKER_QUEUES', 'BRIDGE_METRICS_PORT', 'WORKER_METRICS_PORT', 'OUTBOX_LISTEN_URL'],
    ...['KAFKA_IDENTITY_EVENTS_TOPIC', 'KAFKA_MEDIA_EVENTS_TOPIC', 'KAFKA_EVENTS_TOPIC', 'KAFKA_MESSAGE_EVENTS_TOPIC'],
  ].map((name) => [name, '']),
);

/** Starts one bridge and the workers, each a process of its own, as they run in production. */
export function startProcesses(environment: Environment, pullThreshold: number, cleanup: Cleanup): DemoProcess[] {
  const { addresses, names, database, mails, folder, dataDir } = environment;
  const variables = {
    ...environmentOf(addresses),
    KAFKA_TOPIC_PREFIX: names.topicPrefix,
    REDIS_KEY_PREFIX: names.redisPrefix,
    TASK_QUEUE_PREFIX: names.taskQueuePrefix,
    SMTP_URL: mails.url,
    // A few people write all of it: every e-mail that is due is counted.
    EMAILS_PER_ACTOR_PER_HOUR: '1000',
    MEDIA_CLAIM_WINDOW_MS: String(claimWindowMs),
    FEED_PULL_THRESHOLD: String(pullThreshold),
    FEED_CAP: String(feedCap),
    // The run checks itself, and leaves no schedule behind.
    AUDIT_EVERY_S: '0',
    ...unsetSettings,
  };
  const logs = join(folder, 'logs');
  const processes = [
    startProcess('workers', 'workers/main.ts', { ...variables, ...databaseVariables(database, 'workers') }, logs),
    startProcess('bridge', 'outbox-bridge/main.ts', { ...variables, ...databaseVariables(database, 'bridge') }, logs),
  ];
  for (const process of processes) {
    cleanup.addProcess(process.pid);
    cleanup.add(`the ${process.name}`, () => process.stop());
  }
  registerRun(
    dataDir,
    names.run,
    processes.map(({ pid }) => pid),
  );
  return processes;
}

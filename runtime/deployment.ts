import { type temporal } from '@temporalio/proto';
import { NovaError } from '../contracts/failures';
import { mainOutbox } from '../contracts/outbox-name';

/** What distinguishes one deployment from another on the same servers. */
export interface Deployment {
  readonly temporalNamespace: string;
  /** UUID that Temporal gave the namespace: another cluster may have one of the same name. */
  readonly temporalNamespaceId: string;
  readonly taskQueuePrefix: string;
  /** Undefined: this process does not use Kafka. */
  readonly kafkaTopicPrefix?: string | undefined;
  /** Name of the outbox in the database. Undefined: the process uses no outbox of it. */
  readonly outbox?: string | undefined;
}

/** The part of a process's configuration that names its deployment. */
export interface DeploymentSettings {
  readonly temporalNamespace: string;
  readonly taskQueuePrefix: string;
  readonly kafkaTopicPrefix?: string | undefined;
  /** The outbox that the process expects in the database; undefined: it uses State alone. */
  readonly outbox?: string | undefined;
}

interface Database {
  query(sql: string): Promise<{ rows: unknown[] }>;
}

/** Both kinds of connection to Temporal. */
interface Temporal {
  withDeadline<T>(deadline: number | Date, call: () => Promise<T>): Promise<T>;
  readonly workflowService: {
    describeNamespace(request: {
      namespace: string;
    }): Promise<temporal.api.workflowservice.v1.IDescribeNamespaceResponse>;
  };
}

const callMs = 5_000;
const recorded = `
  SELECT temporal_namespace AS "temporalNamespace", temporal_namespace_id AS "temporalNamespaceId",
         task_queue_prefix AS "taskQueuePrefix", kafka_topic_prefix AS "kafkaTopicPrefix",
         -- The column is not there before the migration of this version.
         coalesce(to_jsonb(d) ->> 'outbox', '${mainOutbox}') AS outbox
  FROM nova.deployment d`;

/** The deployment that a process with these settings belongs to, as its servers see it. */
export async function deploymentOf(connection: Temporal, settings: DeploymentSettings): Promise<Deployment> {
  const { temporalNamespace, taskQueuePrefix, kafkaTopicPrefix, outbox } = settings;
  const { namespaceInfo } = await connection.withDeadline(Date.now() + callMs, () =>
    connection.workflowService.describeNamespace({ namespace: temporalNamespace }),
  );
  return { temporalNamespace, temporalNamespaceId: namespaceInfo?.id ?? '', taskQueuePrefix, kafkaTopicPrefix, outbox };
}

/** The deployment that the database belongs to; undefined before `npm run migrate` has recorded one. */
export async function recordedDeployment(database: Database): Promise<Deployment | undefined> {
  try {
    return (await database.query(recorded)).rows[0] as Deployment | undefined;
  } catch (thrown) {
    // A database that no migration of this version has seen yet.
    if ((thrown as { code?: unknown }).code === '42P01') return undefined;
    throw thrown;
  }
}

const names: Readonly<Record<keyof Deployment, string>> = {
  temporalNamespace: 'TEMPORAL_NAMESPACE',
  temporalNamespaceId: 'the namespace’s id in Temporal',
  taskQueuePrefix: 'TASK_QUEUE_PREFIX',
  kafkaTopicPrefix: 'KAFKA_TOPIC_PREFIX',
  outbox: 'the outbox’s name in OUTBOXES',
};

/** In words, what differs: setting, the database's value, this process's value. Empty: the same deployment. */
export function deploymentDifferences(ours: Deployment, theirs: Deployment): string[] {
  return (Object.keys(names) as (keyof Deployment)[])
    .filter((key) => ours[key] !== undefined && ours[key] !== theirs[key])
    .map((key) => `${names[key]} is ${JSON.stringify(ours[key])}, the database has ${JSON.stringify(theirs[key])}`);
}

/** @throws NovaError WRONG_DEPLOYMENT; whatever PostgreSQL or Temporal throws when one of them is away */
export async function checkDeployment(
  database: Database,
  connection: Temporal,
  settings: DeploymentSettings,
): Promise<void> {
  const theirs = await recordedDeployment(database);
  // Also where none is recorded: a namespace that is not there is the commonest mistake.
  const ours = await deploymentOf(connection, settings);
  const differences = theirs === undefined ? [] : deploymentDifferences(ours, theirs);
  if (differences.length > 0) throw new NovaError('WRONG_DEPLOYMENT', differences.join('; '));
}

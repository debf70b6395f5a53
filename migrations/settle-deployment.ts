import { type Deployment, deploymentDifferences, recordedDeployment } from '../runtime/deployment';

/** Whose texts name our schema as `nova`. */
export interface SchemaQueries {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

const insert = `
  INSERT INTO nova.deployment AS d (temporal_namespace, temporal_namespace_id, task_queue_prefix, kafka_topic_prefix, outbox)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (is_this) DO UPDATE SET temporal_namespace = excluded.temporal_namespace,
    temporal_namespace_id = excluded.temporal_namespace_id, task_queue_prefix = excluded.task_queue_prefix,
    kafka_topic_prefix = excluded.kafka_topic_prefix,
    outbox = coalesce(excluded.outbox, d.outbox), recorded_at = now()`;

/** What keeps this deployment from using the database, one line each; empty: nothing. */
export async function claimsAgainst(database: SchemaQueries, ours: Deployment): Promise<string[]> {
  const theirs = await recordedDeployment(database);
  return theirs === undefined ? [] : deploymentDifferences(ours, theirs);
}

/** Writes down that the database belongs to this deployment. Returns true when that is new. */
export async function recordDeployment(database: SchemaQueries, ours: Deployment): Promise<boolean> {
  const theirs = await recordedDeployment(database);
  if (theirs !== undefined && deploymentDifferences(ours, theirs).length === 0) return false;
  const { temporalNamespace, temporalNamespaceId, taskQueuePrefix, kafkaTopicPrefix, outbox } = ours;
  const values = [temporalNamespace, temporalNamespaceId, taskQueuePrefix, kafkaTopicPrefix, outbox ?? null];
  await database.query(insert, values);
  return true;
}

/** Everything a run creates carries its id, so that runs never mix, also on servers that several people share. */
export interface RunNames {
  readonly run: string;
  readonly database: string;
  readonly topicPrefix: string;
  readonly redisPrefix: string;
  readonly taskQueuePrefix: string;
  /** Visibility query that lists the run's workflows and no others. */
  readonly workflowQuery: string;
}

export const databasePrefix = 'nova_demo_';
export const topicPrefixOfAll = 'nova-demo-';
export const redisPrefixOfAll = 'demo-';

export function runNames(run: string): RunNames {
  return {
    run,
    database: `${databasePrefix}${run}`,
    topicPrefix: `${topicPrefixOfAll}${run}`,
    redisPrefix: `${redisPrefixOfAll}${run}:`,
    taskQueuePrefix: `demo-${run}`,
    workflowQuery: `TaskQueue STARTS_WITH "demo-${run}-"`,
  };
}

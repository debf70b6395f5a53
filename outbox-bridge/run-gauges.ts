import { type WorkflowClient } from '@temporalio/client';
import { type Pool } from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { taskFaultCure } from '../runtime/failing-task';
import { type Logger } from '../runtime/logger';
import { databaseNowMs } from '../runtime/postgres';
import { type createDeliveryGauges } from './waiting-deliveries';
import { type StandStill, waitingRuns } from './waiting-runs';

export function createRunGauges(registry: Registry) {
  const registers = [registry];
  const labelNames = ['workflow_type', 'fault'] as const;
  return {
    standStill: new Gauge({
      name: 'nova_runs_standing_still',
      help: 'Open runs whose workflow task fails again and again, as seen in up to 100: they do nothing. fault: non-determinism, code, timeout.',
      ...{ labelNames, registers },
    }),
    oldest: new Gauge({
      name: 'nova_runs_oldest_standing_still_seconds',
      help: 'Since the first failure of the one that has stood longest.',
      ...{ labelNames, registers },
    }),
    throwing: new Gauge({
      name: 'nova_runs_with_throwing_activity',
      help: 'Open runs in which the code of an activity throws, again and again, what no failure code names, as seen in up to 100: its effect is not done.',
      ...{ labelNames: ['activity'] as const, registers },
    }),
  };
}

/** What open runs wait for, as metrics; and a line in the log when runs begin to stand still, and when none does any more. */
export class RunGauges {
  /** Workflow types and faults that the log has named. */
  private known = new Set<string>();

  constructor(
    private readonly deps: {
      /** State. */
      readonly pool: Pool;
      readonly workflows: WorkflowClient;
      readonly taskQueuePrefix: string;
      readonly runs: ReturnType<typeof createRunGauges>;
      /** Of in_app: the other channels are read from State. */
      readonly deliveries: ReturnType<typeof createDeliveryGauges>;
      readonly logger: Logger;
    },
  ) {}

  /** One look. While Temporal is away there are no figures: the last ones would be taken for those of now. */
  async read(): Promise<void> {
    const { pool, workflows, taskQueuePrefix, runs, deliveries } = this.deps;
    const channel = { channel: 'in_app' };
    try {
      const { inboxes, standStill, waitFor } = await waitingRuns(workflows, taskQueuePrefix, await databaseNowMs(pool));
      deliveries.waiting.set(channel, inboxes.runs);
      deliveries.oldest.set(channel, inboxes.oldestSeconds);
      this.show(standStill);
      for (const { activity, throwing } of waitFor) if (throwing > 0) runs.throwing.set({ activity }, throwing);
    } catch (thrown) {
      for (const gauge of Object.values(deliveries)) gauge.remove(channel);
      for (const gauge of Object.values(runs)) gauge.reset();
      throw thrown;
    }
  }

  private show(standStill: readonly StandStill[]): void {
    const { runs, logger } = this.deps;
    for (const gauge of Object.values(runs)) gauge.reset();
    for (const { workflowType, fault, runs: count, oldestSeconds } of standStill) {
      runs.standStill.set({ workflow_type: workflowType, fault }, count);
      runs.oldest.set({ workflow_type: workflowType, fault }, oldestSeconds);
    }
    const now = new Map(standStill.map((one) => [`${one.workflowType} ${one.fault}`, one]));
    for (const [key, { workflowType, fault, runs: count, workflowId, lastFailure }] of now)
      if (!this.known.has(key))
        logger.error(
          { workflow_type: workflowType, fault, runs: count, workflow_id: workflowId, error: lastFailure },
          `runs stand still, their workflow tasks fail: ${taskFaultCure[fault]}`,
        );
    for (const key of this.known)
      if (!now.has(key))
        logger.info({ workflow_type: key.split(' ')[0] }, 'no run of this type is seen to stand still any more');
    this.known = new Set(now.keys());
  }
}

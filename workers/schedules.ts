import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import {
  type MaintenanceWorkflow,
  auditScheduleId,
  maintenance,
  maintenanceQueue,
  maintenanceWorkflows,
} from '../contracts/maintenance';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { Periodic } from '../runtime/periodic';
import { type WorkerConfig } from './settings';

type Config = Pick<WorkerConfig, 'auditEverySeconds' | 'taskQueuePrefix' | 'workerQueues'>;

const hourMs = 3_600_000;
/** A schedule that no worker renews ends by itself, so that a deployment that is taken down leaves nothing behind. */
const lifetimeMs = 24 * hourMs;
const callMs = 5_000;
const auditWorkflow: MaintenanceWorkflow = 'auditWorkflow';

/**
 * Keeps the schedules of the chores as configured, renewed every hour by the workers that do them; any number of workers
 * at once agree. Starts whether Temporal is there or not, and goes on trying.
 */
export class Schedules implements Service {
  readonly name = 'schedules';
  private readonly keeper: Periodic;

  constructor(
    private readonly client: Client,
    private readonly config: Config,
    logger: Logger,
    /** Throws while this process must not touch Temporal. */
    private readonly admission: () => Promise<void> = async () => undefined,
  ) {
    this.keeper = new Periodic('schedules', () => this.keep(), { logger, retryMs: 5_000 });
  }

  async start(): Promise<void> {
    if (this.config.workerQueues.includes(maintenance)) void this.keeper.start();
  }

  async stop(): Promise<void> {
    await this.keeper.stop();
  }

  private async keep(): Promise<number> {
    await this.admission();
    await this.client.withDeadline(Date.now() + callMs, () => keepAuditSchedule(this.client, this.config));
    return hourMs;
  }
}

/** Creates, changes, renews or (when switched off) deletes the schedule of the audit. A pause that a person set stays. */
export async function keepAuditSchedule(client: Client, config: Config): Promise<void> {
  const scheduleId = auditScheduleId(config.taskQueuePrefix);
  const handle = client.schedule.getHandle(scheduleId);
  if (config.auditEverySeconds === 0) {
    await handle.delete().catch(ignore(ScheduleNotFoundError));
    return;
  }
  const wanted = auditSchedule(scheduleId, config);
  try {
    await client.schedule.create(wanted);
  } catch (thrown) {
    if (!(thrown instanceof ScheduleAlreadyRunning)) throw thrown;
    if (isCurrent(await handle.describe(), config)) return;
    // Deleted in between: the next turn creates it.
    await handle
      .update(({ state }) => ({
        ...{ spec: wanted.spec, action: wanted.action, policies: wanted.policies },
        state: { paused: state.paused, ...(state.note === undefined ? {} : { note: state.note }) },
      }))
      .catch(ignore(ScheduleNotFoundError));
  }
}

function auditSchedule(scheduleId: string, { auditEverySeconds, taskQueuePrefix }: Config) {
  return {
    scheduleId,
    spec: { intervals: [{ every: auditEverySeconds * 1_000 }], endAt: new Date(Date.now() + lifetimeMs) },
    action: {
      type: 'startWorkflow',
      workflowType: auditWorkflow,
      workflowId: scheduleId,
      taskQueue: maintenanceQueue(taskQueuePrefix),
      args: [{}],
      staticSummary: maintenanceWorkflows[auditWorkflow].meaning,
      // No process may be left to do it.
      workflowExecutionTimeout: '2 hours',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
  } satisfies ScheduleOptions;
}

/** Another worker renewed it less than an hour ago, and with our settings. */
function isCurrent({ spec, action }: ScheduleDescription, { auditEverySeconds, taskQueuePrefix }: Config): boolean {
  const endsMs = spec.endAt?.getTime() ?? 0;
  return (
    spec.intervals?.[0]?.every === auditEverySeconds * 1_000 &&
    action.taskQueue === maintenanceQueue(taskQueuePrefix) &&
    endsMs > Date.now() + lifetimeMs - hourMs
  );
}

function ignore(expected: typeof ScheduleNotFoundError): (thrown: unknown) => void {
  return (thrown) => {
    if (!(thrown instanceof expected)) throw thrown;
  };
}

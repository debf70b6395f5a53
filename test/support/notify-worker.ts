import { type Client } from '@temporalio/client';
import { createIdentityActivities } from '../../activities/identity/identity-activities';
import { type IdentityDeps } from '../../activities/identity/identity-activities';
import { type NotifyDeps } from '../../activities/notify/deps';
import { createNotifyActivities } from '../../activities/notify/notify-activities';
import { type EventRef } from '../../contracts/event-ref';
import { type WorkflowResult } from '../../contracts/signals';
import { type WorkflowType, taskQueue, workflowTypes } from '../../contracts/workflow-types';
import { createTestClient, patientRun, startTestWorkers, testQueuePrefix } from './temporal';

/** Workers with the notification and identity activities, and stand-ins for the two activities of other parts. */
export async function startNotifyWorkers(notify: NotifyDeps, identity: IdentityDeps) {
  const emitted: string[] = [];
  const purged: string[] = [];
  const prefix = testQueuePrefix();
  const client = await createTestClient();
  const workers = await startTestWorkers({
    prefix,
    patient: true,
    activities: {
      ...createNotifyActivities(notify),
      ...createIdentityActivities(identity),
      emitEvent: (event: EventRef) => Promise.resolve(void emitted.push(event.eventId)),
      feedPurgeAuthor: (event: EventRef) => {
        purged.push(event.eventId);
        return Promise.resolve({ removed: 3 });
      },
    },
  });
  return {
    client,
    emitted,
    prefix,
    purged,
    start: (type: WorkflowType, event: EventRef) =>
      client.workflow.start<(event: EventRef) => Promise<WorkflowResult>>(type, {
        ...patientRun,
        workflowId: event.eventId,
        taskQueue: taskQueue(prefix, workflowTypes[type].queue),
        args: [event],
      }),
    stop: async () => {
      await workers.stop();
      await client.connection.close();
    },
  };
}

/** Everything readable in a run's history, payloads decoded: what each person with access to the Web UI could read. */
export async function historyText(client: Client, workflowId: string): Promise<string> {
  const parts: string[] = [];
  const walk = (value: unknown): void => {
    if (value instanceof Uint8Array) parts.push(Buffer.from(value).toString('utf8'));
    else if (typeof value === 'string') parts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk);
  };
  walk(await client.workflow.getHandle(workflowId).fetchHistory());
  return parts.join('\n');
}

/** The activities a running workflow waits for, with the type of their last failure. */
export async function pendingActivities(client: Client, workflowId: string) {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  return (raw.pendingActivities ?? []).map((pending) => ({
    type: pending.activityType?.name,
    failure: pending.lastFailure?.applicationFailureInfo?.type,
    attempt: pending.attempt ?? 0,
  }));
}

import { type Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { feedRepairId } from '../../../contracts/maintenance';

/**
 * How far the repair of Redis is, as its heartbeat says: it takes minutes where the machine is busy, but it moves. Of a repair that
 * has not said anything: nothing.
 */
export async function repairProgress(client: Client, taskQueuePrefix: string): Promise<string> {
  const { raw } = await client.workflow.getHandle(feedRepairId(taskQueuePrefix)).describe();
  const [payload] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? [];
  if (!payload) return '';
  const { at, epoch } = defaultPayloadConverter.fromPayload<{
    epoch: number;
    at?: { part: string; after: string | null; feeds: number };
  }>(payload);
  if (at === undefined) return ` (epoch ${epoch})`;
  return ` (epoch ${epoch}, ${at.part}, ${at.feeds} feeds, after ${at.after ?? 'nothing'})`;
}

import { type ConnectionLike } from '@temporalio/client';

const dayMs = 86_400_000;

/**
 * How long the namespace remembers closed runs, in milliseconds; the uniqueness of workflow ids ends with it. A namespace that
 * names none counts as one of a day, the shortest retention to run with.
 */
export async function readRetentionMs(
  connection: ConnectionLike,
  namespace: string,
  deadlineMs = 5_000,
): Promise<number> {
  const { config } = await connection.withDeadline(Date.now() + deadlineMs, () =>
    connection.workflowService.describeNamespace({ namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return seconds > 0 ? seconds * 1_000 : dayMs;
}

/**
 * How long Temporal surely remembers a closed run, in milliseconds: its retention less a margin, which never eats more than half
 * of it. Until the namespace has replied, a retention of a day is assumed.
 */
export function rememberedMs(marginHours: number, retentionMs = dayMs): number {
  return Math.max(retentionMs - marginHours * 3_600_000, retentionMs / 2);
}

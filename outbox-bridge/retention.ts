import { type Connection } from '@temporalio/client';

const dayMs = 86_400_000;

/** How long the namespace remembers closed runs, in milliseconds; the uniqueness of workflow ids ends with it. */
export async function readRetentionMs(connection: Connection, namespace: string): Promise<number> {
  const { config } = await connection.withDeadline(Date.now() + 5_000, () =>
    connection.workflowService.describeNamespace({ namespace }),
  );
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return seconds > 0 ? seconds * 1_000 : dayMs;
}

/**
 * Age of a first attempt beyond which a start is not repeated blindly. Until the namespace has replied, a day is assumed:
 * the shortest retention anybody should run with. The margin never eats more than half of the retention.
 */
export function retentionGuardMs(marginHours: number, retentionMs = dayMs): number {
  return Math.max(retentionMs - marginHours * 3_600_000, retentionMs / 2);
}

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { realAuditDeps } from '../../activities/audit/real-deps';
import { runAudit } from '../../activities/audit/run-audit';
import { auditSettings } from '../../activities/audit/settings';
import { emitSettings } from '../../activities/emit/settings';
import { feedSettings } from '../../activities/feed/settings';
import { mediaSettings } from '../../activities/media/settings';
import { type AuditReport } from '../../contracts/audit-kinds';
import { type ConfigOf, sharedSettings } from '../../runtime/config';
import { createKafka } from '../../runtime/kafka';
import { outboxSettings } from '../../runtime/outboxes';
import { withServers } from '../connections';

/** What the audit on demand reads from the environment. */
export const auditCommandSettings = {
  ...sharedSettings.database,
  ...outboxSettings,
  ...sharedSettings.temporal,
  ...sharedSettings.redis,
  ...emitSettings,
  ...feedSettings,
  ...mediaSettings,
  ...auditSettings,
} as const;

/**
 * Runs an audit here and now, without workers: the same code as the scheduled one. `sinceMs`: how far to look back.
 * `onStep` gets what it does.
 */
export async function auditNow(
  config: ConfigOf<typeof auditCommandSettings>,
  sinceMs: number,
  onStep: (step: string) => void,
): Promise<AuditReport> {
  return withServers(config, async ({ pool, outboxes, redis, connection, logger }) => {
    // Away: the audit says that feeds were not compared, and goes on.
    await redis.connect().catch(() => undefined);
    const temporal = new Client({ connection, namespace: config.temporalNamespace });
    const kafka = createKafka(config, 'nova-ops', logger);
    const deps = {
      ...realAuditDeps({ pool, outboxes, temporal, kafka, redis, config }),
      sleep: (ms: number) => sleep(ms),
    };
    return runAudit(deps, {
      auditId: randomUUID(),
      origin: 'demand',
      sinceMs,
      onProgress: ({ step }) => onStep(step),
    });
  });
}

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90m`, `24h`, `7d` → milliseconds. @throws when it is none of these */
export function durationMs(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text.trim());
  if (match === null) throw new Error(`"${text}" is no duration: a number and s, m, h or d, for example 24h`);
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

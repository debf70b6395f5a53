import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { type AuditReport, type AuditRequest } from '../../contracts/audit-kinds';
import { limits } from '../../contracts/time-budgets';
import { type Logger } from '../../runtime/logger';
import { guarded } from '../guard';
import { withHeartbeats } from '../heartbeat';
import { type AuditDeps } from './deps';
import { runAudit } from './run-audit';

/** A killed worker is noticed by its silence; reading a long page of Kafka takes seconds, not this. */
const heartbeatMs = limits.audit.beatMs;

/** The activity of the scheduled audit. */
export function createAuditActivities(deps: Omit<AuditDeps, 'sleep'> & { readonly logger: Logger }) {
  return guarded({
    /** One audit. Idempotent: it only reads, and writes what it found by event id and kind. */
    async auditOutbox(request: AuditRequest): Promise<AuditReport> {
      const context = Context.current();
      const { info, cancellationSignal } = context;
      let at: unknown;
      const audit = () =>
        runAudit(
          { ...deps, sleep: (ms) => sleep(ms, undefined, { signal: cancellationSignal }) },
          {
            ...request,
            auditId: info.workflowExecution?.runId ?? info.activityId,
            origin: request.sinceMs === undefined ? 'schedule' : 'demand',
            onProgress: (progress) => {
              cancellationSignal.throwIfAborted();
              at = progress;
              context.heartbeat(at);
            },
          },
        );
      const report = await withHeartbeats(heartbeatMs, () => context.heartbeat(at), audit);
      say(deps.logger, report);
      return report;
    },
  });
}

export type AuditActivities = ReturnType<typeof createAuditActivities>;

function say(logger: Logger, report: AuditReport): void {
  const { unexplained, waitForPerson, counts, byOutbox, notes, tookMs } = report;
  const fields = { unexplained, waits_for_person: waitForPerson, counts, notes, took_ms: tookMs };
  if (unexplained > 0)
    logger.error({ ...fields, by_outbox: byOutbox }, 'audit: there is something that nothing explains');
  else if (waitForPerson > 0) logger.warn({ ...fields, by_outbox: byOutbox }, 'audit: findings wait for a person');
  else logger.info(fields, 'audit: everything is explained');
}

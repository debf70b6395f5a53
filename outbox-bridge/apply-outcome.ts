import { type FailureCode, failures } from '../contracts/failures';
import { priorityName } from '../contracts/priority';
import { type Logger } from '../runtime/logger';
import { type Attempt, notKnownYet } from './attempt';
import { type Fuse } from './fuse';
import { type BridgeMetrics } from './metrics';
import { type Fault } from './not-ours';
import { type Pauses } from './pauses';
import { type ClaimedRow, type Settlement } from './ports';
import { type OutboxOutage } from './shared-outage';
import { type StartWindow } from './start-window';

interface Deps {
  readonly window: StartWindow;
  readonly pauses: Pauses;
  readonly outage: Pick<OutboxOutage, 'active' | 'begin' | 'stopsAll'>;
  readonly fuse: Fuse;
  readonly metrics: BridgeMetrics;
  readonly logger: Logger;
  readonly now: () => number;
}

/** A paused type gets one try this often, which finds out whether the deployment was repaired. */
const pauseRetryMs = 5_000;

/**
 * What one attempt, which took so many milliseconds, means beyond its own row: for the window, the pauses, the breaker, the metrics and
 * the log.
 */
export function applyOutcome(
  deps: Deps,
  row: ClaimedRow,
  { settlement, eventType, failure, spared }: Attempt,
  tookMs: number,
): void {
  const { window, outage, pauses, fuse, metrics, logger } = deps;
  metrics.starts.inc({ event_type: eventType ?? 'unknown', result: failure?.code ?? 'started' });
  const about = {
    event_id: row.id,
    workflow_id: row.id,
    event_type: eventType ?? row.eventType.slice(0, 100),
    aggregate_id: row.aggregateId,
  };
  if (failure === undefined) {
    // A start that was under way when the outage began says nothing about a server that is just back.
    if (outage.active === undefined) window.succeeded(tookMs, deps.now());
    const blownMs = fuse.succeeded();
    metrics.fuseBlown.set(0);
    if (blownMs !== undefined) logger.info({ ...about, lasted_ms: blownMs }, 'a start succeeded: failures count again');
    if (eventType !== undefined && pauses.resume(eventType)) logger.info(about, 'event type resumed');
    const seconds = Math.max(0, deps.now() - row.createdAtMs) / 1_000;
    metrics.commitToStart.observe({ priority: priorityName(row.priority) }, seconds);
    logger.debug(about, 'started');
    return;
  }
  const { code, detail } = failure;
  if (spared !== undefined) {
    window.busy();
    metrics.fuseBlown.set(1);
    const message = 'starts of different aggregates fail alike and none succeeds: taken for a fault of the environment';
    logger[spared === 'blows' ? 'error' : 'debug']({ ...about, code, error: detail }, message);
    return;
  }
  switch (failures[code].cause) {
    case 'busy':
      return window.busy();
    case 'outage':
      return enterOutage(deps, code, detail);
    case 'environment':
      if (notKnownYet.has(code)) return pauseUnknown(deps, row, settlement, failure);
      if (eventType !== undefined && pauses.pause(eventType, code, detail, pauseRetryMs)) {
        logger.error({ ...about, code, error: detail }, 'event type paused: the deployment is at fault');
      }
      return;
    case 'row':
      logger.warn(
        { ...about, code, error: detail, settled: settlement.kind, attempts: row.retryCount + 1 },
        'start failed',
      );
  }
}

/**
 * An unknown spelling is left out of the claims: a newer process takes its rows. Of an unknown version the type cannot be left
 * out, since other rows of it are known: each such row backs off, and the pause only says so.
 */
function pauseUnknown(
  { pauses, logger }: Deps,
  row: ClaimedRow,
  settlement: Settlement,
  { code, detail }: Fault,
): void {
  const about = { event_id: row.id, event_type: row.eventType.slice(0, 100), code, error: detail };
  if (settlement.kind === 'dead-lettered') return logger.warn(about, 'given up: no process knew it');
  const retryMs = settlement.kind === 'failed' ? settlement.delayMs : pauseRetryMs;
  const isNew =
    code === 'UNKNOWN_EVENT_TYPE'
      ? pauses.pauseUnknown(row.eventType, code, detail, pauseRetryMs)
      : pauses.pauseUnknown(`${row.eventType} v${row.schemaVersion}`, code, detail, retryMs);
  if (isNew) logger.error(about, 'left to a newer process: this one does not know it');
}

/**
 * Claiming stops until the dependency replies; then it begins again with the smallest window, unless other outboxes were started
 * all the time.
 */
export function enterOutage(
  deps: Pick<Deps, 'window' | 'outage' | 'metrics' | 'logger'>,
  code: FailureCode,
  detail: string,
): void {
  if (deps.outage.stopsAll(code)) deps.window.collapsed();
  const before = deps.outage.active?.code;
  const isNew = deps.outage.begin(code, detail);
  // One outage may follow another with no time between them: the gauge must not go on naming the first.
  if (before !== undefined && before !== code) deps.metrics.outage.set({ code: before }, 0);
  deps.metrics.outage.set({ code }, 1);
  if (!isNew) return;
  deps.logger.error(
    { code, error: detail },
    'outage: claiming stops until the dependency replies; no attempt is counted',
  );
}

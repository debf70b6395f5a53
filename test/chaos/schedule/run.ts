import { setTimeout as pause } from 'node:timers/promises';
import { serviceNames } from '../../../proof/services';
import { groupBy } from '../../../runtime/group-by';
import { messageOf } from '../../../dev/stack/errors';
import { type ChaosWorld, type FaultRecord, LeftOut, type PlannedFault } from '../types';
import { Apart } from './apart';
import { createRecoverySampler, type RecoverySampler } from './recovery';

/** What is new about one fault, for the display of the run. */
export type FaultEvent =
  | { readonly what: 'began' | 'ended'; readonly fault: PlannedFault }
  | { readonly what: 'recovered'; readonly fault: PlannedFault; readonly recoveredMs: number }
  | { readonly what: 'trouble'; readonly fault: PlannedFault; readonly trouble: string };

interface RunOptions {
  readonly onFault?: (event: FaultEvent) => void;
  /** Deals no more faults; those that last are ended at once. */
  readonly signal: AbortSignal;
}

type HarmedWorld = Pick<ChaosWorld, 'harm' | 'databases' | 'restores'>;

/** After the last fault its recovery is waited for, but not longer than this. */
const lastRecoveryMs = 120_000;

/**
 * Deals the planned faults at their times and ends each, whatever happens. A fault whose predecessor of the same target
 * took longer than planned begins when that has ended. @returns what became of each fault, in the order of the plan
 */
export async function runSchedule(
  plan: readonly PlannedFault[],
  world: HarmedWorld,
  { onFault = () => undefined, signal }: RunOptions,
): Promise<FaultRecord[]> {
  const begun = performance.now();
  const sampler = createRecoverySampler(sampledIn(world));
  const records = new Map<PlannedFault, FaultRecord>();
  const allEnded = new AbortController();
  const perTarget = [...groupBy(plan, ({ target }) => target).values()];
  const recoveries: Promise<void>[] = [];
  const apart = new Apart();

  const ofOneTarget = async (faults: readonly PlannedFault[]): Promise<void> => {
    let previous: AbortController | undefined;
    for (const fault of faults) {
      const waitMs = fault.atMs - (performance.now() - begun);
      if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => undefined);
      previous?.abort();
      const leave = await apart.enter(fault);
      if (signal.aborted) return leave();
      const record = await dealAndEnd(world, fault, { onFault, signal }).finally(leave);
      records.set(fault, record);
      if (record.leftOut !== undefined) continue;
      previous = new AbortController();
      const over = AbortSignal.any([signal, previous.signal, allEnded.signal]);
      recoveries.push(recovered(sampler, over, record, { records, onFault }));
    }
  };
  try {
    await Promise.all(perTarget.map(ofOneTarget));
    await Promise.race([Promise.all(recoveries), pause(lastRecoveryMs, undefined, { signal, ref: false })]).catch(
      () => undefined,
    );
  } finally {
    allEnded.abort();
    await Promise.all(recoveries);
    await sampler.close();
  }
  return plan.flatMap((fault) => records.get(fault) ?? []);
}

/** Each database with an outbox, once. */
function sampledIn({ databases, restores }: Pick<HarmedWorld, 'databases' | 'restores'>) {
  const byUrl = groupBy(serviceNames, (service) => databases.services[service]);
  return [...byUrl].map(([url, services]) => ({
    url,
    wentBackToMs: () =>
      Math.max(0, ...restores.flatMap(({ outbox, copiedAtMs }) => (services.includes(outbox) ? [copiedAtMs] : []))),
  }));
}

async function dealAndEnd(
  world: HarmedWorld,
  fault: PlannedFault,
  { onFault, signal }: Required<RunOptions>,
): Promise<FaultRecord> {
  const beganAtMs = Date.now();
  const troubles: string[] = [];
  let leftOut: string | undefined;
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LeftOut) {
        leftOut = error.message;
        return undefined;
      }
      troubles.push(messageOf(error));
      onFault({ what: 'trouble', fault, trouble: messageOf(error) });
      return undefined;
    }
  };
  onFault({ what: 'began', fault });
  const end = await attempt(() => world.harm(fault));
  if (end) {
    await pause(fault.durationMs, undefined, { signal }).catch(() => undefined);
    await attempt(end);
  }
  onFault({ what: 'ended', fault });
  const trouble = troubles.length > 0 ? { trouble: troubles.join('; ') } : {};
  const untouched = leftOut === undefined ? {} : { leftOut };
  return { fault, beganAtMs, endedAtMs: Date.now(), recoveredMs: null, ...trouble, ...untouched };
}

async function recovered(
  sampler: RecoverySampler,
  over: AbortSignal,
  record: FaultRecord,
  { records, onFault }: { records: Map<PlannedFault, FaultRecord>; onFault: (event: FaultEvent) => void },
): Promise<void> {
  const recoveredMs = await sampler.measure(over);
  if (recoveredMs === null) return;
  records.set(record.fault, { ...record, recoveredMs });
  onFault({ what: 'recovered', fault: record.fault, recoveredMs });
}

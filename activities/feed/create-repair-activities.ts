import { guarded } from '../guard';
import { type PgStoreRecord } from './pg-store-record';
import { type Progress, withProgress } from './progress';
import { type RepairDeps, type RepairPoint, repairStore } from './repair';

/** The point of a repair also says for which epoch it is: of a second loss meanwhile it proves nothing. */
interface EpochPoint {
  readonly epoch: number;
  readonly at?: RepairPoint;
}

export function createRepairActivities(deps: RepairDeps & { readonly record: PgStoreRecord }) {
  return guarded({
    /** Long, heartbeats. Compares everything in Redis with the tables; returns how many feeds were written. */
    feedRepair: (): Promise<{ feeds: number }> =>
      withProgress(async (progress: Progress<EpochPoint>) => {
        const epoch = progress.resumeAt?.epoch ?? (await deps.record.find())?.epoch ?? 0;
        progress.report(progress.resumeAt ?? { epoch });
        const done = await repairStore(deps, {
          gently: true,
          onlyUnknown: true,
          progress: { ...progress, resumeAt: progress.resumeAt?.at, report: (at) => progress.report({ epoch, at }) },
        });
        await deps.record.repaired(epoch);
        return done;
      }),
  });
}

export type RepairActivities = ReturnType<typeof createRepairActivities>;

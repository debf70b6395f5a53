import { type ActivityFunction } from '@temporalio/workflow';
import { type AuditActivities } from '../activities/audit/create-audit-activities';
import { type EmitActivities } from '../activities/emit/create-emit-activities';
import { type FeedActivities } from '../activities/feed/create-feed-activities';
import { type RepairActivities } from '../activities/feed/create-repair-activities';
import { type IdentityActivities } from '../activities/identity/identity-activities';
import { type MediaActivities } from '../activities/media/create-media-activities';
import { type NotifyActivities } from '../activities/notify/notify-activities';
import { type ReplayActivities } from '../activities/replay/create-replay-activities';

/**
 * What workflows may call, by name, and so what a worker must have: workers/compose.ts returns this. Types only: the workflow bundle
 * has none of the code behind them.
 */
export interface Activities
  extends
    FeedActivities,
    RepairActivities,
    MediaActivities,
    NotifyActivities,
    IdentityActivities,
    EmitActivities,
    AuditActivities,
    ReplayActivities {}

export type ActivityName = keyof Activities;
export type ArgumentsOf<Name extends ActivityName> = Parameters<Activities[Name]>;
export type ResultOf<Name extends ActivityName> = Awaited<ReturnType<Activities[Name]>>;
/** What `proxyActivities` is asked for to call this activity by its name. */
export type Callable<Name extends ActivityName> = Record<string, ActivityFunction<ArgumentsOf<Name>, ResultOf<Name>>>;

import { type ActivityFunction } from '@temporalio/workflow';
import { type EmitActivities } from '../activities/emit/create-emit-activities';
import { type FeedActivities } from '../activities/feed/create-feed-activities';
import { type IdentityActivities } from '../activities/identity/identity-activities';
import { type MediaActivities } from '../activities/media/create-media-activities';
import { type NotifyActivities } from '../activities/notify/notify-activities';

/** What a workflow of an event may call, by name. Types only: the workflow bundle has none of the code behind them. */
interface Activities extends FeedActivities, MediaActivities, NotifyActivities, IdentityActivities, EmitActivities {}

export type ActivityName = keyof Activities;
export type ArgumentsOf<Name extends ActivityName> = Parameters<Activities[Name]>;
export type ResultOf<Name extends ActivityName> = Awaited<ReturnType<Activities[Name]>>;
/** What `proxyActivities` is asked for to call this activity by its name. */
export type Callable<Name extends ActivityName> = Record<string, ActivityFunction<ArgumentsOf<Name>, ResultOf<Name>>>;

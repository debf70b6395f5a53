import { type EventRef } from '../../contracts/event-ref';
import { guarded } from '../guard';
import { type ExternalChannel } from '../../contracts/notification-kinds';
import { type DeliveryCounts } from './pg-delivery-ledger';
import { deliver } from './deliver';
import { type NotifyDeps } from './deps';
import { type InAppResult, notifyPage } from './in-app';
import { notifyAllPages } from './pages';
import { retract } from './retraction';

/** The notification activities. All but `notifyDeliver` are idempotent; that one is guarded by the delivery ledger. */
export function createNotifyActivities(deps: NotifyDeps) {
  return guarded({
    /** One page in the inboxes: short, for the local first try. */
    notifyInApp: (event: EventRef, cursor: string | null): Promise<InAppResult> => notifyPage(deps, event, cursor),
    /** All pages from `cursor` on, resumable by heartbeat. */
    notifyPages: (event: EventRef, cursor: string | null): Promise<InAppResult> => notifyAllPages(deps, event, cursor),
    /** The pending deliveries of the event on one channel. Never as a local activity. */
    notifyDeliver: (event: EventRef, channel: ExternalChannel): Promise<DeliveryCounts> =>
      deliver(deps, event, channel),
    /** Takes back what a deleting event makes void. */
    notifyRetract: (event: EventRef): Promise<{ retracted: number }> => retract(deps, event),
  });
}

export type NotifyActivities = ReturnType<typeof createNotifyActivities>;

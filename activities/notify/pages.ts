import { Context } from '@temporalio/activity';
import { type EventRef } from '../../contracts/event-ref';
import { faultPoint } from '../../runtime/fault-points';
import { type NotifyDeps } from './deps';
import { type InAppResult, notifyPage } from './in-app';

/** How far an earlier attempt came; survives in the heartbeat. */
interface PagesDone {
  readonly cursor: string | null;
  readonly created: number;
}

/**
 * Notifies everyone from `cursor` on, page by page: for large audiences, and for small ones whose quick first try failed.
 * An attempt that dies goes on where its last heartbeat was.
 */
export async function notifyAllPages(deps: NotifyDeps, event: EventRef, from: string | null): Promise<InAppResult> {
  const context = Context.current();
  let progress = (context.info.heartbeatDetails as PagesDone | undefined) ?? { cursor: from, created: 0 };
  for (;;) {
    context.heartbeat(progress);
    context.cancellationSignal.throwIfAborted();
    const page = await notifyPage(deps, event, progress.cursor);
    const created = progress.created + page.created;
    await faultPoint('notify.page-notified');
    if (page.next === null) return { ...page, created };
    progress = { cursor: page.next, created };
  }
}

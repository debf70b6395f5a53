import { condition } from '@temporalio/workflow';
import { type MediaActivities } from '../activities/media/create-media-activities';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowResult } from '../contracts/signals';
import { onQueue } from './steps/activity-options';
import { beginEmit } from './steps/emit-to-kafka';
import { localFirst } from './steps/local-first';
import { Looks } from './steps/looks';
import { recordOutcome } from './steps/outcome';
import { settleAll } from './steps/settle';
import { mediaClaimedSignal } from './signals';

type UploadStatus = Awaited<ReturnType<MediaActivities['mediaLink']>>;

/** An upload finished: it is linked to its post, or waits on a durable timer for a post to claim it. */
export async function mediaLinkWorkflow(event: EventRef): Promise<WorkflowResult> {
  let claimed = false;
  new Looks(event).on(mediaClaimedSignal, () => void (claimed = true));

  const onMedia = (summary: string) => onQueue('media', { summary });
  const link = localFirst('mediaLink', onMedia('link'), event);
  // Waited for whatever becomes of it: what cannot be linked is still emitted.
  await link.catch(() => undefined);
  const emit = await beginEmit(event);

  /** The signal only says "look now": the row in PostgreSQL is what counts. */
  const waitForPost = async (): Promise<UploadStatus> => {
    let upload = await link;
    while (upload.state === 'parked') {
      if (upload.waitMs > 0) await condition(() => claimed, upload.waitMs, { summary: 'waits for its post' });
      claimed = false;
      upload = await localFirst('mediaExpire', onMedia('claimed meanwhile?'), event);
    }
    if (upload.state === 'unclaimed') recordOutcome('unclaimed');
    return upload;
  };
  const linking = waitForPost();
  await settleAll({ 'media link': linking, 'kafka emit': emit.done });

  const linked = (await linking).state === 'linked';
  return { outcome: linked ? 'done' : 'unclaimed', counts: { linked: linked ? 1 : 0 } };
}

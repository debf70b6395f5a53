import { deliveryLeaseMs } from './fault-system';
import { matrix } from './matrix';
import {
  alert,
  oneMessage,
  stream,
  uploadClaimedMeanwhile,
  uploadForPost,
  uploadForPostDeletedMeanwhile,
  uploadSignalled,
} from './stories/others';
import { postAppears, postDeletedMeanwhile } from './stories/posts';

/** Silence after which Temporal takes an attempt of a delivery for dead (workflows/steps/begin-notify.ts). */
const heartbeatMs = 10_000;
/** Past heartbeat timeout, claim lease and retry: the ledger has given the delivery up when the zombie wakes. */
const pastTheClaim = { freeze: true, hangMs: heartbeatMs + deliveryLeaseMs + 3_000 } as const;

matrix('media-and-notices', { bridges: 1, workers: 2, queues: ['feed', 'media', 'notification', 'kafka'] }, [
  { in: 'workers', point: 'notify.delivery-claimed', story: alert, ...pastTheClaim },
  { in: 'workers', point: 'notify.delivery-sent', story: alert, ...pastTheClaim },
  { in: 'workers', point: 'notify.delivery-settled', story: alert, ...pastTheClaim },
  { in: 'workers', point: 'notify.page-notified', story: stream, hangMs: 22_000 },
  { in: 'workers', point: 'notify.owner-remembered', story: oneMessage },
  { in: 'workers', point: 'notify.recipients-chosen', story: postDeletedMeanwhile },
  { in: 'workers', point: 'notify.inbox-written', story: postAppears },
  { in: 'workers', point: 'notify.inbox-written', story: postDeletedMeanwhile },
  { in: 'workers', point: 'media.upload-recorded', story: uploadClaimedMeanwhile },
  { in: 'workers', point: 'media.upload-recorded', story: uploadForPostDeletedMeanwhile },
  { in: 'workers', point: 'media.upload-linked', story: uploadForPostDeletedMeanwhile },
  { in: 'workers', point: 'media.upload-settled', story: uploadForPost },
  { in: 'workers', point: 'media.upload-settled', story: uploadClaimedMeanwhile },
  { in: 'workers', point: 'media.claim-recorded', story: postAppears },
  { in: 'workers', point: 'media.claim-recorded', story: postDeletedMeanwhile },
  { in: 'workers', point: 'media.claim-linked', story: postDeletedMeanwhile },
  { in: 'workers', point: 'media.claim-kept', story: postAppears },
  { in: 'workers', point: 'media.expired', story: uploadSignalled },
]);

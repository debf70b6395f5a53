import { matrix } from './matrix';
import { followerLeavesMeanwhile, postAppears, postDeletedMeanwhile, postEdited } from './stories/posts';

/** Past the heartbeat timeout of the paging activity. */
const pastHeartbeat = { regularOnly: true, hangMs: 12_000 } as const;

matrix('posts', { bridges: 1, workers: 2, queues: ['feed', 'media', 'notification', 'kafka'] }, [
  { in: 'workers', point: 'feed.post-recorded', story: postAppears },
  { in: 'workers', point: 'feed.post-recorded', story: postDeletedMeanwhile },
  { in: 'workers', point: 'feed.page-read', story: postDeletedMeanwhile },
  { in: 'workers', point: 'feed.page-read', story: followerLeavesMeanwhile },
  { in: 'workers', point: 'feed.page-written', story: postAppears },
  { in: 'workers', point: 'feed.page-written', story: postDeletedMeanwhile },
  { in: 'workers', point: 'feed.page-written', story: followerLeavesMeanwhile },
  { in: 'workers', point: 'feed.page-right', story: postDeletedMeanwhile },
  { in: 'workers', point: 'feed.page-done', story: postAppears, ...pastHeartbeat },
  { in: 'workers', point: 'feed.page-done', story: postDeletedMeanwhile, ...pastHeartbeat },
  { in: 'workers', point: 'feed.checkpointed', story: postAppears, ...pastHeartbeat },
  { in: 'workers', point: 'feed.summary-cached', story: postDeletedMeanwhile },
  { in: 'workers', point: 'feed.summary-merged', story: postEdited },
]);

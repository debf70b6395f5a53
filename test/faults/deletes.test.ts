import { matrix } from './matrix';
import { followBegins, followBeginsMeanwhile, followEnds, followEndsMeanwhile, userLeaves } from './stories/people';
import { postDeleted } from './stories/posts';

/** Past the heartbeat timeout of the paging activities. */
const pastHeartbeat = { regularOnly: true, hangMs: 12_000 } as const;

matrix('deletes', { bridges: 1, workers: 2 }, [
  { in: 'workers', point: 'feed.tombstone-set', story: postDeleted },
  { in: 'workers', point: 'feed.status-set', story: postDeleted },
  { in: 'workers', point: 'feed.page-written', story: postDeleted },
  { in: 'workers', point: 'feed.page-done', story: postDeleted, ...pastHeartbeat },
  { in: 'workers', point: 'feed.checkpointed', story: postDeleted, ...pastHeartbeat },
  { in: 'workers', point: 'feed.runs-found', story: postDeleted },
  { in: 'workers', point: 'notify.tombstone-set', story: postDeleted },
  { in: 'workers', point: 'notify.batch-retracted', story: postDeleted },
  { in: 'workers', point: 'feed.follow-filled', story: followBegins },
  { in: 'workers', point: 'feed.follow-filled', story: followEndsMeanwhile },
  { in: 'workers', point: 'feed.follow-cleared', story: followEnds },
  { in: 'workers', point: 'feed.follow-cleared', story: followBeginsMeanwhile },
  { in: 'workers', point: 'identity.tombstone-set', story: userLeaves },
  { in: 'workers', point: 'identity.stored', story: userLeaves },
  { in: 'workers', point: 'identity.cached', story: userLeaves },
  { in: 'workers', point: 'feed.purge-tombstone', story: userLeaves },
  { in: 'workers', point: 'feed.purge-listed', story: userLeaves },
  { in: 'workers', point: 'feed.purge-removed', story: userLeaves },
  { in: 'workers', point: 'feed.purge-batch', story: userLeaves },
]);

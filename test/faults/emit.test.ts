import { matrix } from './matrix';
import { conversations, conversationsTwice } from './stories/others';

/** Past the time after which PostgreSQL ends an idle transaction: the locks are another session's when the zombie wakes. */
const line = { in: 'workers', alone: true, hangMs: 17_000 } as const;

matrix('emit', { bridges: 1, workers: 2, queues: ['feed', 'identity', 'notification', 'kafka'] }, [
  { ...line, point: 'emit.locked', story: conversationsTwice },
  { ...line, point: 'emit.sent', story: conversationsTwice },
  { ...line, point: 'emit.marked', story: conversationsTwice },
  { ...line, point: 'emit.committed', story: conversations },
]);

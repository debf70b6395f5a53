import { matrix } from './matrix';
import { outboxAwayMeanwhile } from './stories/outboxes';
import { conversations, conversationsTwice } from './stories/others';

/** Past the time after which PostgreSQL ends an idle transaction: the locks are another session's when the zombie wakes. */
const line = { in: 'workers', alone: true, hangMs: 17_000 } as const;

/** Shorter than an activity may take: its mark finds no database. */
const away = { story: outboxAwayMeanwhile, in: 'workers', alone: true, modes: ['hang'], hangMs: 1_500 } as const;

matrix('emit', { bridges: 1, workers: 2, queues: ['feed', 'identity', 'notification', 'kafka'] }, [
  { ...line, point: 'emit.locked', story: conversationsTwice },
  { ...line, point: 'emit.sent', story: conversationsTwice },
  { ...line, point: 'emit.marked', story: conversationsTwice },
  { ...line, point: 'emit.committed', story: conversations },
  { ...away, point: 'emit.locked' },
  { ...away, point: 'emit.sent' },
]);

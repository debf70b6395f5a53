import { matrix } from './matrix';
import { deleteSignalled, outboxAwayMeanwhile, threeServices } from './stories/outboxes';

const line = { story: threeServices, in: 'bridges', alone: true } as const;
/** Shorter than a lease: the one that was struck comes back to a database that is away. */
const away = { story: outboxAwayMeanwhile, in: 'bridges', alone: true, modes: ['hang'], hangMs: 2_000 } as const;

matrix('bridge', { bridges: 2, workers: 1 }, [
  { ...line, point: 'bridge.claimed' },
  { ...line, point: 'bridge.before-start' },
  { ...line, point: 'bridge.started' },
  { ...line, point: 'bridge.mark-sent' },
  { ...line, point: 'bridge.marked' },
  { ...line, point: 'bridge.stopping', whenStopped: true },
  { ...away, point: 'bridge.claimed' },
  { ...away, point: 'bridge.started' },
  { in: 'bridges', alone: true, point: 'signals.read', story: deleteSignalled },
  { in: 'bridges', alone: true, point: 'signals.brought', story: deleteSignalled },
]);

import { matrix } from './matrix';
import { deleteSignalled, threeServices } from './stories/outboxes';

const line = { story: threeServices, in: 'bridges', alone: true } as const;

matrix('bridge', { bridges: 2, workers: 1 }, [
  { ...line, point: 'bridge.claimed' },
  { ...line, point: 'bridge.before-start' },
  { ...line, point: 'bridge.started' },
  { ...line, point: 'bridge.mark-sent' },
  { ...line, point: 'bridge.marked' },
  { ...line, point: 'bridge.stopping', whenStopped: true },
  { in: 'bridges', alone: true, point: 'signals.read', story: deleteSignalled },
  { in: 'bridges', alone: true, point: 'signals.brought', story: deleteSignalled },
]);

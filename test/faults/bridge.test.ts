import { matrix } from './matrix';
import { conversations } from './stories/others';

const line = { story: conversations, in: 'bridges', alone: true } as const;

matrix('bridge', { bridges: 2, workers: 1 }, [
  { ...line, point: 'bridge.claimed' },
  { ...line, point: 'bridge.before-start' },
  { ...line, point: 'bridge.started' },
  { ...line, point: 'bridge.mark-sent' },
  { ...line, point: 'bridge.marked' },
  { ...line, point: 'bridge.stopping', whenStopped: true },
]);

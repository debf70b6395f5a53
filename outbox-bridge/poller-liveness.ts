import { type SeenPoller, pollerFreshMs } from '../runtime/task-queues';

/**
 * Distinguishes living pollers from those the server only remembers, by no wall clock of ours: the server's times are compared with
 * each other, and their changes with a monotonic clock of ours. A poller lives while its last access changes. One that was
 * listed already at our first look is as old as it is behind the newest access on any queue; if all are equally dead, they
 * pass for alive until `pollerFreshMs` have gone by without a change, and what is started meanwhile waits in its queue.
 */
export class PollerLiveness {
  private known = new Map<string, { lastAccessMs: number; changedAtMs: number }>();
  private readonly looked = new Set<string>();

  /** @param nowMs monotonic */
  constructor(private readonly nowMs: () => number) {}

  /** Takes in one look at all queues, and returns which of them are polled. */
  observe(queues: ReadonlyMap<string, readonly SeenPoller[]>): ReadonlySet<string> {
    const now = this.nowMs();
    const newest = Math.max(...[...queues.values()].flat().map(({ lastAccessMs }) => lastAccessMs));
    const polled = new Set<string>();
    const seen: typeof this.known = new Map();
    for (const [queue, pollers] of queues) {
      for (const { identity, lastAccessMs } of pollers) {
        const key = `${queue}\n${identity}`;
        const before = this.known.get(key);
        const unchanged = before !== undefined && before.lastAccessMs === lastAccessMs;
        const firstSight = before === undefined && !this.looked.has(queue);
        const changedAtMs = unchanged ? before.changedAtMs : firstSight ? now - (newest - lastAccessMs) : now;
        seen.set(key, { lastAccessMs, changedAtMs });
        if (now - changedAtMs < pollerFreshMs) polled.add(queue);
      }
      this.looked.add(queue);
    }
    this.known = seen;
    return polled;
  }
}

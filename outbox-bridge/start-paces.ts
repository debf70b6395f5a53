import { type EventType, catalogue, spellingsOf } from '../contracts/catalogue';
import { type QueueName, queueNames } from '../contracts/workflow-types';
import { type Lanes, lanesOf } from './lanes';
import { Pace } from './pace';
import { typesOnQueue } from './pauses';

/** What a claim may take as far as task queues are concerned. A port: a loop without workers that say anything has none (`unpaced`). */
export interface Paces {
  /** Spellings of event types of which none may be claimed now. */
  held(): readonly string[];
  /** The same lanes, with no more rows below Critical than may be started now. */
  limit(lanes: Lanes): Lanes;
  /** Rows below Critical that one claim may take, at most: whatever queue they are of, the workers keep up with them. */
  room(): number;
  /** A row of this type was claimed, and is started soon. */
  claimed(type: EventType): void;
  /** Temporal has its run. */
  started(type: EventType): void;
}

/** Nothing is known of waits. */
export const unpaced: Paces = {
  held: () => [],
  limit: (lanes) => lanes,
  room: () => Infinity,
  claimed: () => undefined,
  started: () => undefined,
};

/** What workers say of one task queue. */
export interface StartWait {
  /** How long starts waited for a worker lately, milliseconds beyond the least; null: no worker has begun one in the last second. */
  readonly ms: number | null;
}

/** Starts of a queue that no worker has begun for so long, although there are some, wait for longer than any target, milliseconds. */
const silentMs = 1_500;
/** What is not known any more limits nothing, milliseconds. */
const forgottenMs = 5_000;

/** Rows that a claim takes at most while all queues with room are idle: it may find rows of one of them alone. */
const ofIdle = 4;
/** A queue of which nothing was claimed for so long is idle, milliseconds. */
const busyMs = 1_000;

interface Paced {
  readonly pace: Pace;
  /** The first start since a worker last began one; Infinity: none. */
  unseenSinceMs: number;
  waitMs: number;
  claimedMs: number;
}

/**
 * A pace for each task queue, so that a queue whose workers have more than they do at once holds back its own event types alone. Types that are
 * Critical by the catalogue are never held; their starts are counted.
 */
export class StartPaces implements Paces {
  private readonly byQueue = new Map<QueueName, Paced>();
  private readMs = -Infinity;
  private startedMs = -Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly deps: {
      readonly targetMs: number;
      /** Milliseconds of a clock that never steps. */
      readonly now: () => number;
      /** There is room again in a queue that was held. */
      readonly onRoom: () => void;
    },
  ) {}

  /** Takes in what workers say. A queue that is not named has no workers that say anything, as those of an older version: it has no pace. */
  observe(waits: ReadonlyMap<QueueName, StartWait>): void {
    const now = this.deps.now();
    this.readMs = now;
    for (const queue of [...this.byQueue.keys()]) if (!waits.has(queue)) this.byQueue.delete(queue);
    for (const [queue, { ms }] of waits) {
      const its = this.byQueue.get(queue) ?? {
        pace: new Pace(this.deps, now),
        unseenSinceMs: Infinity,
        waitMs: 0,
        claimedMs: -Infinity,
      };
      this.byQueue.set(queue, its);
      if (ms !== null) its.unseenSinceMs = Infinity;
      const unseenMs = now - its.unseenSinceMs;
      its.waitMs = ms ?? (unseenMs > silentMs ? unseenMs : 0);
      if (ms !== null || unseenMs > silentMs) its.pace.waited(its.waitMs, now);
    }
  }

  held(): readonly string[] {
    const now = this.deps.now();
    const full = this.paced(now).filter(([, { pace }]) => pace.room(now) === 0);
    if (full.length > 0) this.wakeIn(Math.min(...full.map(([, { pace }]) => pace.wait(now))));
    return full.flatMap(([queue]) => heldWith.get(queue) ?? []);
  }

  limit(lanes: Lanes): Lanes {
    const room = this.room();
    if (room === Infinity) return lanes;
    const [critical, ...others] = lanes.perPriority;
    const [high = 0, normal = 0, low = 0] = others.map((most) => Math.min(most, room));
    return lanesOf([critical, high, normal, low]);
  }

  room(): number {
    const now = this.deps.now();
    const paced = this.paced(now);
    if (paced.length === 0) return Infinity;
    const busy = paced.filter(([, { claimedMs }]) => now - claimedMs < busyMs);
    const rooms = busy.map(([, { pace }]) => pace.room(now)).filter((room) => room > 0);
    if (rooms.length > 0) return Math.min(...rooms);
    return paced.length === queueNames.length && busy.length === queueNames.length ? 0 : ofIdle;
  }

  claimed(type: EventType): void {
    const now = this.deps.now();
    for (const queue of queuesOf(type)) {
      const its = this.byQueue.get(queue);
      if (its === undefined) continue;
      its.pace.started(now);
      its.claimedMs = now;
    }
  }

  started(type: EventType): void {
    const now = this.deps.now();
    this.startedMs = now;
    for (const queue of queuesOf(type)) {
      const its = this.byQueue.get(queue);
      if (its === undefined) continue;
      its.unseenSinceMs = Math.min(its.unseenSinceMs, now);
    }
  }

  startedWithin(ms: number): boolean {
    return this.deps.now() - this.startedMs < ms;
  }

  /** The queues that have a pace: starts a second, and what the last look said, milliseconds. */
  known(): { readonly queue: QueueName; readonly perSecond: number; readonly waitMs: number }[] {
    return this.paced(this.deps.now()).map(([queue, { pace, waitMs }]) => ({
      ...{ queue, perSecond: pace.perSecond, waitMs },
    }));
  }

  private paced(now: number): [QueueName, Paced][] {
    return now - this.readMs > forgottenMs ? [] : [...this.byQueue];
  }

  private wakeIn(ms: number): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.deps.onRoom();
      },
      Math.min(1_000, Math.ceil(ms)),
    ).unref();
  }
}

const typesOf = new Map(queueNames.map((queue) => [queue, new Set(typesOnQueue(queue))] as const));

const queuesOf = (type: EventType): QueueName[] => queueNames.filter((queue) => typesOf.get(queue)?.has(type));

/** Of each queue, the spellings of what is held with it. */
const heldWith = new Map(
  [...typesOf].map(([queue, types]) => [
    queue,
    catalogue
      .filter(({ type, priority }) => types.has(type) && priority !== 'critical')
      .flatMap(({ type }) => spellingsOf(type)),
  ]),
);

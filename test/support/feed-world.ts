import { type FeedDeps } from '../../activities/feed/deps';
import { inFeedOrder } from '../../feeds/read-feed';
import { type FeedSettings } from '../../activities/feed/settings';
import { type PostChange, type PostState } from '../../activities/feed/post-states';
import { type EventType } from '../../contracts/catalogue';
import { type EventRef } from '../../contracts/event-ref';
import { FeedModel } from './feed-model';

const none = (): number => 0;

/** The methods of a port as steps: each may reply at once, since `inTurns` makes the promise. */
type Steps<Port> = {
  readonly [Name in keyof Port]: Port[Name] extends (...args: infer Args) => Promise<infer Reply>
    ? (...args: Args) => Reply | Promise<Reply>
    : never;
};

/**
 * The feed's ports over plain maps, each call one atomic step that waits for its turn. With a scheduler as `turn`, any
 * interleaving of writers can be played, which real servers allow but never show on demand.
 */
export class FeedWorld {
  readonly store: FeedModel;
  readonly follows = new Set<string>();
  private readonly rows = new Map<string, Omit<PostState, 'voided' | 'live'>>();
  private readonly tombstones = new Map<string, { sequence: number; final: boolean }>();
  private readonly payloads = new Map<string, Record<string, unknown>>();
  private readonly created = new Map<string, EventRef>();
  private sequence = 0;

  constructor(private readonly settings: FeedSettings) {
    this.store = new FeedModel(settings.feedCap);
  }

  /** Commits an outbox row. */
  commit(eventType: EventType, aggregateId: string, payload: Record<string, unknown>): EventRef {
    const sequence = ++this.sequence;
    const event: EventRef = {
      eventId: `event-${sequence}`,
      eventType,
      schemaVersion: 1,
      aggregateType: 'post',
      aggregateId,
      sequence,
      createdAt: String(sequence),
      createdAtMs: 1_000 + sequence,
      priority: 2,
    };
    this.payloads.set(event.eventId, payload);
    if (eventType === 'content.post.created') this.created.set(aggregateId, event);
    return event;
  }

  /** Ports for one writer: `turn` is awaited before every step, and may throw to let the writer die there. */
  deps(turn: (step: string) => Promise<void>): FeedDeps {
    return {
      events: this.inTurns(turn, {
        load: (ref: EventRef) => ({ ...ref, payload: (this.payloads.get(ref.eventId) ?? {}) as never }),
      }),
      history: this.inTurns(turn, {
        creation: (event: Pick<EventRef, 'aggregateId' | 'sequence'>) => {
          const creation = this.created.get(event.aggregateId);
          return creation !== undefined && creation.sequence < event.sequence ? creation : undefined;
        },
        firstPublication: () => undefined,
        startedBefore: () => [],
      }),
      tombstones: this.inTurns(turn, {
        set: (t: { subjectId: string; sequence: number | null; final: boolean }) => {
          const known = this.tombstones.get(t.subjectId);
          this.tombstones.set(t.subjectId, {
            sequence: Math.max(t.sequence ?? 0, known?.sequence ?? 0),
            final: t.final || known?.final === true,
          });
        },
        isFinal: () => false,
        states: () => [],
      }),
      followers: this.inTurns(turn, this.followerSource()),
      feeds: this.inTurns(turn, this.store),
      posts: this.inTurns(turn, this.postStates()),
      walk: this.inTurns(turn, { page: (from: string | null) => this.store.walk(from) }),
      purge: this.inTurns(turn, this.store.purge),
      traces: this.inTurns(turn, { unlinkMedia: none, retractAbout: none, clearInbox: none, releaseUploads: none }),
      uploads: this.inTurns(turn, { waitFor: () => false }),
      runs: { deleted: async () => false },
      settings: this.settings,
    };
  }

  private followerSource() {
    const followersOf = (followee: string): string[] =>
      [...this.follows].flatMap((pair) => (pair.endsWith(`>${followee}`) ? [pair.split('>')[0] ?? ''] : [])).sort();
    return {
      page: (followee: string, after: string | null, limit: number) => {
        const followerIds = followersOf(followee).filter((id) => after === null || id > after);
        const page = followerIds.slice(0, limit);
        return { followerIds: page, next: page.length < limit ? null : (page.at(-1) ?? null) };
      },
      countUpTo: (followee: string, limit: number) => Math.min(followersOf(followee).length, limit),
      stillFollowing: (followee: string, ids: readonly string[]) =>
        new Set(ids.filter((id) => this.follows.has(`${id}>${followee}`))),
      follows: (follower: string, followee: string) => this.follows.has(`${follower}>${followee}`),
    };
  }

  private postStates() {
    const state = (postId: string): PostState | undefined => {
      const row = this.rows.get(postId);
      if (row === undefined) return undefined;
      const stone = this.tombstones.get(postId);
      const voided =
        this.tombstones.get(row.authorId)?.final === true ||
        (stone !== undefined && (stone.final || stone.sequence >= row.sequence));
      return { ...row, voided, live: row.status === 'published' && !voided };
    };
    const setStatus = (postId: string, status: PostState['status'], sequence: number) => {
      const row = this.rows.get(postId);
      if (row !== undefined && sequence > row.sequence)
        this.rows.set(postId, { ...row, status: row.status === 'deleted' ? 'deleted' : status, sequence });
      return state(postId);
    };
    return {
      find: state,
      apply: (change: PostChange) => {
        const row = this.rows.get(change.postId);
        if (row === undefined) this.rows.set(change.postId, change);
        else this.rows.set(change.postId, { ...row, delivery: row.delivery ?? change.delivery });
        return setStatus(change.postId, change.status, change.sequence) as PostState;
      },
      setStatus,
      mergeSummary: state,
      newestLive: (authorId: string, limit: number) =>
        [...this.rows.keys()]
          .flatMap((id) => state(id) ?? [])
          .filter((post) => post.live && post.authorId === authorId && post.delivery === 'push')
          .sort(inFeedOrder)
          .slice(0, limit),
      liveAmong: (ids: readonly string[]) => new Set(ids.filter((id) => state(id)?.live)),
      authoredBy: (authorId: string, ids: readonly string[]) =>
        ids.filter((id) => this.rows.get(id)?.authorId === authorId),
      recordPullAuthor: () => undefined,
      pushed: (authorId: string, after: string) =>
        [...this.rows.values()]
          .flatMap((row) => (row.authorId === authorId && row.delivery === 'push' ? [row.postId] : []))
          .filter((id) => id > after)
          .sort(),
      undeleted: (authorId: string) =>
        [...this.rows.values()].flatMap((row) =>
          row.authorId === authorId && row.status !== 'deleted' ? [row.postId] : [],
        ),
      markDeleted: (ids: readonly string[]) =>
        ids.forEach((id) => {
          const row = this.rows.get(id);
          if (row === undefined) return;
          this.rows.set(id, { ...row, status: 'deleted' });
          this.tombstones.set(id, { sequence: row.sequence, final: true });
        }),
    };
  }

  /** Every method of `target` waits for its turn, then runs in one piece. */
  private inTurns<Port>(turn: (step: string) => Promise<void>, target: Steps<NoInfer<Port>>): Port {
    return new Proxy(target, {
      get:
        (methods, name) =>
        async (...args: unknown[]) => {
          await turn(String(name));
          const method = Reflect.get(methods, name) as (...args: unknown[]) => unknown;
          return method.apply(methods, args);
        },
    }) as Port;
  }
}

import { type Graph, followerOf, userId } from './graph';
import { type Random } from './random';

export interface Post {
  readonly postId: string;
  readonly authorId: string;
}
export interface Message {
  readonly messageId: string;
  readonly conversationId: string;
  readonly senderId: string;
}
export interface Comment {
  readonly commentId: string;
  readonly authorId: string;
}
export interface Reaction {
  readonly targetId: string;
  readonly targetType: 'post' | 'message' | 'comment';
  readonly userId: string;
  readonly emoji: string;
}
export interface Follow {
  readonly followerId: string;
  readonly followeeId: string;
}
export interface Conversation {
  readonly conversationId: string;
  readonly members: readonly string[];
}

/** How many of the top accounts count as celebrities. */
const celebrities = 20;
/** Accounts below this rank leave quietly: their going takes little out of feeds, so many can be tried. */
const quietRank = 60;
/** What is changed is mostly recent. */
const memory = 400;

/** What the business services remember of what they wrote: only to choose what to do next. The tables are the truth. */
export class World {
  readonly posts: Post[] = [];
  readonly messages: Message[] = [];
  readonly comments: Comment[] = [];
  readonly reactions: Reaction[] = [];
  readonly follows: Follow[] = [];
  readonly conversations: Conversation[] = [];
  /** People with an address that is known to have arrived, so that an e-mail to them is due. */
  readonly reachable: string[] = [];
  private readonly active: number[];
  private nextNewcomer: number;

  constructor(private readonly graph: Graph) {
    // The last tenth of the writers has not signed up yet.
    this.nextNewcomer = Math.floor(graph.users * 0.9);
    this.active = Array.from({ length: this.nextNewcomer }, (_, n) => n);
  }

  /** Any person who writes. */
  user(random: Random): string {
    return userId(random.pick(this.active) ?? 0);
  }

  /** Someone other than `than`. */
  otherUser(random: Random, than: string): string {
    for (;;) {
      const user = this.user(random);
      if (user !== than) return user;
    }
  }

  celebrity(random: Random): string {
    // The very first more often: it alone is over the pull threshold.
    return userId(random.chance(0.2) ? 0 : random.below(celebrities));
  }

  /** Authors as they are: mostly ordinary people, now and then someone with very many followers. */
  author(random: Random, celebrityShare = 0.03): string {
    return random.chance(celebrityShare) ? this.celebrity(random) : this.user(random);
  }

  /** Followed by enough people that a live stream is worth it, and few enough that a small machine can notify them all. */
  streamer(random: Random): string {
    return userId(random.between(celebrities, Math.min(400, this.active.length - 1)));
  }

  reachableUser(random: Random, than: string): string | undefined {
    const user = random.pick(this.reachable);
    return user === than ? undefined : user;
  }

  /** Someone new; undefined when everyone has signed up. */
  newcomer(): string | undefined {
    if (this.nextNewcomer >= this.graph.users) return undefined;
    this.nextNewcomer += 1;
    return userId(this.nextNewcomer - 1);
  }

  /** Someone who leaves: an ordinary account, never chosen for anything again. */
  leaver(random: Random): string | undefined {
    const index = random.below(this.active.length);
    const n = this.active[index];
    if (n === undefined || n < quietRank || this.reachable.includes(userId(n))) return undefined;
    this.active.splice(index, 1);
    return userId(n);
  }

  /** A follow of the planned graph, made before the traffic began. */
  plannedFollow(random: Random): Follow | undefined {
    const author = this.graph.authors[random.chance(0.3) ? random.below(celebrities) : random.below(this.graph.users)];
    if (author === undefined) return undefined;
    const follower = followerOf(this.graph, author, random.below(author.followers));
    return { followerId: userId(follower), followeeId: userId(author.n) };
  }
}

/** Adds, and forgets the oldest when there is much. */
export function remember<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > memory) list.shift();
}

/** Takes one item out: the one that takes it is the only one to act on it. */
export function take<T>(list: T[], random: Random): T | undefined {
  return list.splice(random.below(list.length), 1)[0];
}

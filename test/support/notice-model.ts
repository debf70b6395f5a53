import { type EventType, type PayloadInput } from '../../contracts/catalogue';
import { newId } from './events';

/** One thing that happens, in the order in which it is committed. Numbers name posts, comments and messages; letters people. */
export type Happening =
  | { readonly type: 'post'; readonly post: number; readonly draft?: boolean; readonly mentions?: readonly Person[] }
  | {
      readonly type: 'comment';
      readonly comment: number;
      readonly post: number;
      readonly by: Person;
      readonly mentions?: readonly Person[];
      readonly ownerUnnamed?: boolean;
    }
  | {
      readonly type: 'react';
      readonly on: Target;
      readonly by: Person;
      readonly emoji?: string;
      readonly ownerUnnamed?: boolean;
    }
  | { readonly type: 'unreact'; readonly on: Target; readonly by: Person; readonly emoji?: string }
  | {
      readonly type: 'message';
      readonly message: number;
      readonly by: Person;
      readonly to: Person;
      readonly mentions?: readonly Person[];
    }
  | { readonly type: 'deleteMessage'; readonly message: number }
  | { readonly type: 'archive' | 'publish' | 'delete'; readonly post: number }
  | { readonly type: 'follow' | 'unfollow'; readonly by: Person; readonly whom: Person }
  | { readonly type: 'leave'; readonly who: Person };

export type Person = 'author' | 'ann' | 'bob' | 'cleo';
export type Target = `post ${number}` | `comment ${number}` | `message ${number}`;

/** `recipient kind <index of the happening>`: what an inbox shows in the end. */
export type Shown = string;

/** Ids for one run-through of a story. */
export class Cast {
  private readonly ids = new Map<string, string>();

  id(name: string): string {
    const known = this.ids.get(name) ?? newId();
    this.ids.set(name, known);
    return known;
  }

  nameOf(id: string): string | undefined {
    return [...this.ids].find(([, value]) => value === id)?.[0];
  }
}

type Written = { [T in EventType]: { readonly type: T; readonly payload: PayloadInput<T> } }[EventType];

/** The event a service would write. */
export function eventOf(happening: Happening, cast: Cast, story: readonly Happening[]): Written {
  const people = (names: readonly Person[] | undefined) => (names ?? []).map((name) => cast.id(name));
  const post = (n: number) => ({ post_id: cast.id(`post ${n}`), user_id: cast.id('author') });
  switch (happening.type) {
    case 'post':
      return {
        type: 'content.post.created',
        payload: {
          ...post(happening.post),
          status: happening.draft === true ? 'draft' : 'published',
          mentioned_user_ids: people(happening.mentions),
        },
      };
    case 'comment':
      return {
        type: 'comment.created',
        payload: {
          comment_id: cast.id(`comment ${happening.comment}`),
          post_id: cast.id(`post ${happening.post}`),
          user_id: cast.id(happening.by),
          mentioned_user_ids: people(happening.mentions),
          ...(happening.ownerUnnamed === true ? {} : { post_owner_id: cast.id('author') }),
        },
      };
    case 'react':
    case 'unreact': {
      const reaction = {
        target_id: cast.id(happening.on),
        user_id: cast.id(happening.by),
        emoji: happening.emoji ?? '+',
      };
      const targetType = happening.on.split(' ')[0] as 'post' | 'comment' | 'message';
      if (happening.type === 'unreact') return { type: 'reaction.removed', payload: reaction };
      const owner = ownerOf(story, happening.on);
      return {
        type: 'reaction.added',
        payload: {
          ...{ ...reaction, target_type: targetType },
          ...(happening.ownerUnnamed === true || owner === undefined ? {} : { target_owner_id: cast.id(owner) }),
        },
      };
    }
    case 'message':
      return {
        type: 'message.persisted',
        payload: {
          ...{ message_id: cast.id(`message ${happening.message}`), conversation_id: cast.id('conversation') },
          sender_id: cast.id(happening.by),
          recipient_ids: [cast.id(happening.to)],
          mentioned_user_ids: people(happening.mentions),
        },
      };
    case 'deleteMessage':
      return {
        type: 'message.deleted',
        payload: { message_id: cast.id(`message ${happening.message}`), conversation_id: cast.id('conversation') },
      };
    case 'archive':
      return { type: 'content.post.status_updated', payload: { ...post(happening.post), new_status: 'archived' } };
    case 'publish':
      return { type: 'content.post.status_updated', payload: { ...post(happening.post), new_status: 'published' } };
    case 'delete':
      return { type: 'content.post.deleted', payload: post(happening.post) };
    case 'follow':
    case 'unfollow':
      return {
        type: happening.type === 'follow' ? 'follow.added' : 'follow.removed',
        payload: { follower_id: cast.id(happening.by), followee_id: cast.id(happening.whom) },
      };
    case 'leave':
      return { type: 'identity.user.deleted', payload: { user_id: cast.id(happening.who) } };
  }
}

function ownerOf(story: readonly Happening[], target: Target): Person | undefined {
  for (const happening of story) {
    if (happening.type === 'post' && target === `post ${happening.post}`) return 'author';
    if (happening.type === 'comment' && target === `comment ${happening.comment}`) return happening.by;
    if (happening.type === 'message' && target === `message ${happening.message}`) return happening.by;
  }
  return undefined;
}

/** What every inbox must show when all of the story has been processed, in whatever order: from the commit order alone. */
export function shownInTheEnd(story: readonly Happening[]): Shown[] {
  const shown: Shown[] = [];
  story.forEach((happening, index) => {
    const { actor, notified, about } = noticesOf(story, happening, index);
    if (actor === undefined || story.some((other) => other.type === 'leave' && other.who === actor)) return;
    if (isGone(story, about, index) || isHidden(story, about)) return;
    const kinds = new Map<Person, string>();
    for (const [who, kind] of notified) if (who !== actor && !kinds.has(who)) kinds.set(who, kind);
    for (const [who, kind] of kinds) if (!isRepeated(story, happening, index)) shown.push(`${who} ${kind} ${index}`);
  });
  return shown.sort();
}

interface Notices {
  readonly actor: Person | undefined;
  readonly notified: readonly (readonly [Person, string])[];
  readonly about: readonly string[];
}

function noticesOf(story: readonly Happening[], happening: Happening, index: number): Notices {
  const named = (names: readonly Person[] | undefined, kind: string) =>
    (names ?? []).map((name) => [name, kind] as const);
  switch (happening.type) {
    case 'post':
      return {
        ...{ actor: 'author', about: [`post ${happening.post}`] },
        notified: happening.draft === true ? [] : named(happening.mentions, 'post.mention'),
      };
    case 'publish': {
      const created = story.find((other) => other.type === 'post' && other.post === happening.post);
      const first = story.findIndex((other) => other.type === 'publish' && other.post === happening.post);
      const notifies = created?.type === 'post' && created.draft === true && first === index;
      return {
        ...{ actor: 'author', about: [`post ${happening.post}`] },
        notified: notifies ? named(created.mentions, 'post.mention') : [],
      };
    }
    case 'comment':
      return {
        ...{ actor: happening.by, about: [`post ${happening.post}`] },
        notified: [...named(happening.mentions, 'comment.mention'), ['author', 'comment.received']],
      };
    case 'react': {
      const owner = ownerOf(story, happening.on);
      const comment = story.find((other) => other.type === 'comment' && happening.on === `comment ${other.comment}`);
      return {
        actor: happening.by,
        notified: owner === undefined ? [] : [[owner, 'reaction.received']],
        about: [happening.on, ...(comment?.type === 'comment' ? [`post ${comment.post}`] : [])],
      };
    }
    case 'message':
      return {
        ...{ actor: happening.by, about: [`message ${happening.message}`] },
        notified: [...named(happening.mentions, 'message.mention'), [happening.to, 'message.received']],
      };
    case 'follow':
      return { actor: happening.by, notified: [[happening.whom, 'follow.received']], about: [] };
    default:
      return { actor: undefined, notified: [], about: [] };
  }
}

function isGone(story: readonly Happening[], about: readonly string[], since: number): boolean {
  return story.some(
    (other, at) =>
      (other.type === 'delete' && about.includes(`post ${other.post}`)) ||
      (other.type === 'deleteMessage' && about.includes(`message ${other.message}`)) ||
      // Only of notices of the same service it is known which came before.
      (other.type === 'archive' && about.includes(`post ${other.post}`) && at > since && isOfPosts(story[since])),
  );
}

const isOfPosts = (happening: Happening | undefined): boolean =>
  happening?.type === 'post' || happening?.type === 'publish';

/** As long as a post is archived, no inbox lists what is about it. */
function isHidden(story: readonly Happening[], about: readonly string[]): boolean {
  const changes = story.filter(
    (other) => (other.type === 'archive' || other.type === 'publish') && about.includes(`post ${other.post}`),
  );
  return changes.at(-1)?.type === 'archive';
}

/** Taken back by its own contrary, or repeated by a later one of its kind. */
function isRepeated(story: readonly Happening[], happening: Happening, index: number): boolean {
  const later = story.slice(index + 1);
  if (happening.type === 'react')
    return later.some(
      (other) =>
        (other.type === 'unreact' || other.type === 'react') &&
        other.on === happening.on &&
        other.by === happening.by &&
        (other.emoji ?? '+') === (happening.emoji ?? '+'),
    );
  if (happening.type === 'follow')
    return later.some(
      (other) =>
        (other.type === 'unfollow' || other.type === 'follow') &&
        other.by === happening.by &&
        other.whom === happening.whom,
    );
  return false;
}

import { newId } from '../../support/events';
import { insertUser } from '../../support/notify';
import { type FaultSystem } from '../fault-system';
import { row } from '../rows';
import { type Scene } from '../scene';

const follow = 'INSERT INTO follows (followee_id, follower_id) VALUES ($1, $2)';

/** An author and their followers, in the order in which pages list them. */
export async function authorWith(
  system: FaultSystem,
  followers: number,
): Promise<{ author: string; followers: string[] }> {
  const author = newId();
  const ids = Array.from({ length: followers }, newId).sort();
  await system.databases.people.query(
    'INSERT INTO follows (followee_id, follower_id) SELECT $1::uuid, unnest($2::uuid[])',
    [author, ids],
  );
  return { author, followers: ids };
}

export const post = (author: string, fields: object = {}) =>
  row('content.post.created', { post_id: newId(), user_id: author, caption: 'as written', ...fields });
export const idOf = (created: { aggregateId: string }): string => created.aggregateId;

/** Someone with two posts gets a follower. */
export async function followBegins(system: FaultSystem): Promise<Scene> {
  const { author } = await authorWith(system, 1);
  const [follower, posts] = [newId(), [post(author), post(author)]];
  const added = row('follow.added', { follower_id: follower, followee_id: author });
  return {
    before: posts,
    during: [added],
    expected: {
      feeds: { [follower]: posts.map(idOf) },
      notified: [{ eventId: added.id, recipientId: author, kind: 'follow.received' }],
    },
  };
}

/** … and loses them at once. */
export async function followEndsMeanwhile(system: FaultSystem): Promise<Scene> {
  const scene = await followBegins(system);
  const [added] = scene.during;
  const { follower_id, followee_id } = added?.payload as { follower_id: string; followee_id: string };
  return {
    ...scene,
    meanwhile: [row('follow.removed', { follower_id, followee_id })],
    expected: { ...scene.expected, feeds: { [follower_id]: [] }, notified: [] },
  };
}

/** Someone with two posts loses a follower. */
export async function followEnds(system: FaultSystem): Promise<Scene> {
  const { author, followers } = await authorWith(system, 1);
  const [follower = ''] = followers;
  return {
    before: [post(author), post(author)],
    during: [row('follow.removed', { follower_id: follower, followee_id: author })],
    expected: { feeds: { [follower]: [] } },
  };
}

/** … and gets them back at once. */
export async function followBeginsMeanwhile(system: FaultSystem): Promise<Scene> {
  const scene = await followEnds(system);
  const { follower_id, followee_id } = scene.during[0]?.payload as { follower_id: string; followee_id: string };
  const added = row('follow.added', { follower_id, followee_id });
  return {
    ...scene,
    meanwhile: [added],
    expected: {
      feeds: { [follower_id]: (scene.before ?? []).map(idOf) },
      notified: [{ eventId: added.id, recipientId: followee_id, kind: 'follow.received' }],
    },
  };
}

/** A user with posts, a notification caused and a name is deleted for good. */
export async function userLeaves(system: FaultSystem): Promise<Scene> {
  const { author, followers } = await authorWith(system, 3);
  const [mentioned, followed] = [await insertUser(system.databases.people), await authorWith(system, 0)];
  await system.databases.people.query(follow, [followed.author, author]);
  const mentioning = post(author, { mentioned_user_ids: [mentioned] });
  const posts = [post(author), mentioning];
  return {
    before: [
      row('identity.user.created', { user_id: author, username: 'a-name', email: 'a-person@people.example' }),
      ...posts,
      post(followed.author),
    ],
    during: [row('identity.user.deleted', { user_id: author, soft_delete: false })],
    expected: {
      feeds: Object.fromEntries([...followers, author].map((id) => [id, []])),
      notified: [],
      captions: Object.fromEntries(posts.map((each) => [idOf(each), null])),
      erased: [author],
      // It went out before the author left.
      mails: [{ eventId: mentioning.id, recipientId: mentioned }],
    },
  };
}

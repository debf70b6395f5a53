import { newId } from '../../support/events';
import { insertUser } from '../../support/notify';
import { type FaultSystem } from '../fault-system';
import { row } from '../rows';
import { type Scene } from '../scene';
import { authorWith, idOf, post } from './people';

/** A post with a mention and an upload that waits for it, for five followers: three pages. */
export async function postAppears(system: FaultSystem): Promise<Scene> {
  const { author, followers } = await authorWith(system, 5);
  const mentioned = await insertUser(system.databases.people);
  const media = newId();
  const upload = row('media.upload.completed', uploadOf(author, media));
  const created = post(author, { mentioned_user_ids: [mentioned], media_ids: [media] });
  const to = [{ eventId: created.id, recipientId: mentioned, kind: 'post.mention' }];
  return {
    before: [upload],
    ready: () => parked(system, media),
    during: [created],
    expected: {
      feeds: Object.fromEntries(followers.map((id) => [id, [idOf(created)]])),
      notified: to,
      mails: to,
      media: { [idOf(created)]: [media] },
      captions: { [idOf(created)]: 'as written' },
    },
  };
}

/** The same, and the post is deleted while its workflow is struck. */
export async function postDeletedMeanwhile(system: FaultSystem): Promise<Scene> {
  const scene = await postAppears(system);
  const created = scene.during[0];
  const { user_id, post_id } = created?.payload as { user_id: string; post_id: string };
  return {
    ...scene,
    meanwhile: [row('content.post.deleted', { post_id, user_id })],
    // Whether the post still claimed its upload depends on who came first.
    expected: { ...nowhere(scene), waiting: (scene.before ?? []).map(({ id }) => id) },
  };
}

/** The same, and the first of the followers leaves while the workflow is struck. */
export async function followerLeavesMeanwhile(system: FaultSystem): Promise<Scene> {
  const scene = await postAppears(system);
  const { user_id: author } = scene.during[0]?.payload as { user_id: string };
  const [first = ''] = Object.keys(scene.expected.feeds ?? {}).sort();
  return {
    ...scene,
    meanwhile: [row('follow.removed', { follower_id: first, followee_id: author })],
    expected: { ...scene.expected, feeds: { ...scene.expected.feeds, [first]: [] } },
  };
}

/** A post that is everywhere is deleted. */
export async function postDeleted(system: FaultSystem): Promise<Scene> {
  const scene = await postAppears(system);
  const { user_id, post_id } = scene.during[0]?.payload as { user_id: string; post_id: string };
  return {
    before: [...(scene.before ?? []), ...scene.during],
    during: [row('content.post.deleted', { post_id, user_id })],
    expected: { ...nowhere(scene), mails: scene.expected.mails ?? [] },
  };
}

/** A post is edited. */
export async function postEdited(system: FaultSystem): Promise<Scene> {
  const { author, followers } = await authorWith(system, 1);
  const created = post(author);
  return {
    before: [created],
    during: [row('content.post.updated', { post_id: idOf(created), user_id: author, caption: 'as edited' })],
    expected: {
      feeds: Object.fromEntries(followers.map((id) => [id, [idOf(created)]])),
      captions: { [idOf(created)]: 'as edited' },
    },
  };
}

function nowhere({ expected }: Scene): Scene['expected'] {
  const empty = (of: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(Object.keys(of).map((id) => [id, []]));
  return {
    feeds: empty(expected.feeds),
    notified: [],
    mails: [],
    mailsPossible: expected.mails ?? [],
    media: empty(expected.media),
    captions: Object.fromEntries(Object.keys(expected.captions ?? {}).map((id) => [id, null])),
  };
}

export function uploadOf(userId: string, mediaId: string, postId?: string) {
  const named = postId === undefined ? {} : { post_id: postId };
  return { upload_id: newId(), media_id: mediaId, user_id: userId, file_name: 'a.png', size_bytes: 1, ...named };
}

/** Its workflow has let go of the event, too: it waits for a claim and for nothing else. */
export async function parked({ databases }: FaultSystem, mediaId: string): Promise<boolean> {
  const { rows } = await databases.state.query<{ event_id: string }>(
    'SELECT event_id FROM nova.parked_media WHERE media_id = $1',
    [mediaId],
  );
  const emitted = 'SELECT FROM nova.outbox_events WHERE id = ANY ($1) AND emitted_at IS NOT NULL';
  return (await databases.services.media.query(emitted, [rows.map(({ event_id }) => event_id)])).rowCount === 1;
}

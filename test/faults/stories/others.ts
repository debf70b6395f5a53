import { newId } from '../../support/events';
import { insertUser } from '../../support/notify';
import { type FaultSystem } from '../fault-system';
import { row } from '../rows';
import { type Scene } from '../scene';
import { authorWith, idOf, post } from './people';
import { parked, uploadOf } from './posts';

/** Three conversations of four messages: a series of one aggregate each, and several at once. */
export async function conversations(): Promise<Scene> {
  const during = Array.from({ length: 3 }, newId).flatMap((conversation_id) =>
    Array.from({ length: 4 }, () =>
      row('message.persisted', {
        message_id: newId(),
        conversation_id,
        sender_id: newId(),
        recipient_ids: [newId()],
      }),
    ),
  );
  const notified = during.map(({ id, payload }) => ({
    eventId: id,
    recipientId: (payload as { recipient_ids: string[] }).recipient_ids[0] ?? '',
    kind: 'message.received',
  }));
  return { during, expected: { notified } };
}

/** The same, where a fault may bring an event to Kafka a second time. */
export async function conversationsTwice(): Promise<Scene> {
  const scene = await conversations();
  return { ...scene, expected: { ...scene.expected, kafkaTwice: true } };
}

/** An upload names its post, which is there. */
export async function uploadForPost(system: FaultSystem): Promise<Scene> {
  const { author } = await authorWith(system, 1);
  const [created, media] = [post(author), newId()];
  return {
    before: [created],
    during: [row('media.upload.completed', uploadOf(author, media, idOf(created)))],
    expected: { media: { [idOf(created)]: [media] } },
  };
}

/** … and the post is deleted while the upload's workflow is struck. */
export async function uploadForPostDeletedMeanwhile(system: FaultSystem): Promise<Scene> {
  const scene = await uploadForPost(system);
  const { user_id, post_id } = scene.before?.[0]?.payload as { user_id: string; post_id: string };
  return {
    ...scene,
    meanwhile: [row('content.post.deleted', { post_id, user_id })],
    expected: { media: { [post_id]: [] } },
  };
}

/** An upload is struck while it is parked, and its post comes meanwhile. */
export async function uploadClaimedMeanwhile(system: FaultSystem): Promise<Scene> {
  const { author } = await authorWith(system, 1);
  const media = newId();
  const created = post(author, { media_ids: [media] });
  return {
    during: [row('media.upload.completed', uploadOf(author, media))],
    meanwhile: [created],
    expected: { media: { [idOf(created)]: [media] } },
  };
}

/** A parked upload is claimed; its own workflow is struck when it is signalled. */
export async function uploadSignalled(system: FaultSystem): Promise<Scene> {
  const { author } = await authorWith(system, 1);
  const media = newId();
  const upload = row('media.upload.completed', uploadOf(author, media));
  const created = post(author, { media_ids: [media] });
  return {
    before: [upload],
    ready: () => parked(system, media),
    during: [created],
    strikes: [upload.id],
    expected: { media: { [idOf(created)]: [media] } },
  };
}

/** An account's owner is notified in the inbox and by e-mail. */
export async function alert(system: FaultSystem): Promise<Scene> {
  const owner = await insertUser(system.databases.people);
  const raised = row('security.alert.raised', { alert_id: newId(), user_id: owner, kind: 'new_login' });
  const to = [{ eventId: raised.id, recipientId: owner, kind: 'security.alert' }];
  return { during: [raised], expected: { notified: to, mails: to } };
}

/** A stream begins: more followers than the quick first tries reach. */
export async function stream(system: FaultSystem): Promise<Scene> {
  const { author, followers } = await authorWith(system, 2_100);
  const started = row('live.stream.started', { stream_id: newId(), user_id: author });
  const notified = followers.map((recipientId) => ({ eventId: started.id, recipientId, kind: 'live.started' }));
  return { during: [started], expected: { notified } };
}

/** A message for one person. */
export async function oneMessage(): Promise<Scene> {
  const { during, expected } = await conversations();
  const [first] = during;
  return {
    during: during.slice(0, 1),
    expected: { notified: expected.notified?.filter(({ eventId }) => eventId === first?.id) ?? [] },
  };
}

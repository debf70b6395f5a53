import { newId } from '../../support/events';
import { waitFor } from '../../support/wait-for';
import { type FaultSystem } from '../fault-system';
import { row } from '../rows';
import { type Scene } from '../scene';
import { authorWith, idOf, post } from './people';

const patienceMs = 300_000;

/** Each of three services changes one thing four times: series in three outboxes at once. */
export async function threeServices(system: FaultSystem): Promise<Scene> {
  const { author } = await authorWith(system, 0);
  const [conversation_id, person] = [newId(), newId()];
  const messages = Array.from({ length: 4 }, () =>
    row('message.persisted', {
      ...{ message_id: newId(), conversation_id },
      sender_id: newId(),
      recipient_ids: [newId()],
    }),
  );
  const created = post(author);
  const edits = ['once', 'twice', 'for good'].map((caption) =>
    row('content.post.updated', { post_id: idOf(created), user_id: author, caption }),
  );
  const named = ['one', 'two', 'three'].map((display_name) =>
    row('identity.user.profile_updated', { user_id: person, username: 'a', display_name }),
  );
  const notified = messages.map(({ id, payload }) => ({
    eventId: id,
    recipientId: (payload as { recipient_ids: string[] }).recipient_ids[0] ?? '',
    kind: 'message.received',
  }));
  return {
    during: [
      ...messages,
      created,
      ...edits,
      row('identity.user.created', { user_id: person, username: 'a' }),
      ...named,
    ],
    expected: { notified, captions: { [idOf(created)]: 'for good' } },
  };
}

/** A service signals that a post is deleted; the post itself comes after that, and its delete event last. */
export async function deleteSignalled(system: FaultSystem): Promise<Scene> {
  const { author, followers } = await authorWith(system, 2);
  const created = post(author);
  const postId = idOf(created);
  const { state, services } = system.databases;
  const isHeld = async (): Promise<boolean> =>
    (await state.query(`SELECT FROM nova.tombstones WHERE subject_type = 'post' AND subject_id = $1`, [postId]))
      .rowCount === 1;
  const isMarked = async (): Promise<boolean> =>
    (
      await services.content.query('SELECT FROM nova.outbox_signals WHERE subject_id = $1 AND copied_at IS NOT NULL', [
        postId,
      ])
    ).rowCount === 1;
  const signal = `SELECT FROM nova.nova_signal_deleted('post', $1::text, $1::uuid, 300000, 'by its service')`;
  return {
    during: [],
    begin: async () => void (await services.content.query(signal, [postId])),
    then: [
      async () => {
        await waitFor(isHeld, { timeoutMs: patienceMs, what: 'the hold in State' });
        return [created];
      },
      async () => {
        const emitted = 'SELECT FROM nova.outbox_events WHERE id = $1 AND emitted_at IS NOT NULL';
        const ran = async () => (await services.content.query(emitted, [created.id])).rowCount === 1;
        await waitFor(async () => (await ran()) && (await isMarked()), {
          timeoutMs: patienceMs,
          what: 'the held post',
        });
        return [row('content.post.deleted', { post_id: postId, user_id: author })];
      },
    ],
    expected: {
      feeds: Object.fromEntries(followers.map((id) => [id, []])),
      captions: { [postId]: null },
    },
  };
}

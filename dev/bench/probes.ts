import { type NewEvent } from '../../client/publish';
import { type EventType } from '../../contracts/catalogue';

/** A follower of the live streamer, the recipient of the message, …: one user whom all probes notify. */
const user = '11111111-1111-4111-8111-111111111111';
const actor = '22222222-2222-4222-8222-222222222222';

/** An event of each priority, of an aggregate of its own, with one notification as its effect. */
export const probes: Record<'critical' | 'high' | 'normal', (id: string) => NewEvent<EventType>> = {
  critical: (id) => ({
    type: 'security.alert.raised',
    payload: { alert_id: id, user_id: user, kind: 'new_login' },
    aggregateId: id,
  }),
  high: (id) => ({
    type: 'message.persisted',
    payload: { message_id: id, conversation_id: id, sender_id: actor, recipient_ids: [user] },
  }),
  normal: (id) => ({ type: 'follow.added', payload: { follower_id: actor, followee_id: user }, aggregateId: id }),
};

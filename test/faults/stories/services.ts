import { type ServiceName } from '../../../proof/services';
import { newId } from '../../support/events';
import { type FaultSystem } from '../fault-system';
import { type Row, row } from '../rows';
import { type Expected } from '../scene';
import { authorWith, idOf, post } from './people';
import { uploadOf } from './posts';

/** Four rows for the outbox of one service, and what they come to, whatever becomes of the third. */
export interface Changes {
  /** What other services must have written before. */
  readonly needs: readonly Row[];
  readonly rows: readonly [Row, Row, Row, Row];
  readonly expected: Expected;
}

/** In each but media, where an upload has one event, the four are of one aggregate: their order is seen. */
export const changesOf: Readonly<Record<ServiceName, (system: FaultSystem) => Promise<Changes>>> = {
  content: async (system) => {
    const { author, followers } = await authorWith(system, 2);
    const created = post(author);
    const edit = (caption: string) => row('content.post.updated', { post_id: idOf(created), user_id: author, caption });
    return {
      needs: [],
      rows: [created, edit('once'), edit('twice'), edit('for good')],
      expected: {
        feeds: Object.fromEntries(followers.map((id) => [id, [idOf(created)]])),
        captions: { [idOf(created)]: 'for good' },
      },
    };
  },

  identity: async () => {
    const user_id = newId();
    const named = (display_name: string) =>
      row('identity.user.profile_updated', { user_id, username: 'a', display_name });
    const created = row('identity.user.created', { user_id, username: 'a' });
    return { needs: [], rows: [created, named('one'), named('two'), named('three')], expected: {} };
  },

  // They have left and come back in the end.
  social: async (system) => {
    const { author, followers } = await authorWith(system, 1);
    const [follower_id = ''] = followers;
    const created = post(author);
    const change = (type: 'follow.added' | 'follow.removed') => row(type, { follower_id, followee_id: author });
    const last = change('follow.added');
    return {
      needs: [created],
      rows: [change('follow.removed'), change('follow.added'), change('follow.removed'), last],
      expected: {
        feeds: { [follower_id]: [idOf(created)] },
        notified: [{ eventId: last.id, recipientId: author, kind: 'follow.received' }],
      },
    };
  },

  messaging: () => {
    const [conversation_id, recipientId] = [newId(), newId()];
    const message = () =>
      row('message.persisted', {
        ...{ message_id: newId(), conversation_id },
        ...{ sender_id: newId(), recipient_ids: [recipientId] },
      });
    const rows = [message(), message(), message(), message()] as const;
    const notified = rows.map(({ id }) => ({ eventId: id, recipientId, kind: 'message.received' }));
    return Promise.resolve({ needs: [], rows, expected: { notified } });
  },

  media: async (system) => {
    const { author } = await authorWith(system, 1);
    const created = post(author);
    const media = [newId(), newId(), newId(), newId()] as const;
    const upload = (id: string) => row('media.upload.completed', uploadOf(author, id, idOf(created)));
    return {
      needs: [created],
      rows: [upload(media[0]), upload(media[1]), upload(media[2]), upload(media[3])],
      expected: { media: { [idOf(created)]: media } },
    };
  },
};

/** What several come to. */
export function together(all: readonly Changes[]): Expected {
  const merged = <T>(part: (expected: Expected) => Readonly<Record<string, T>> | undefined) =>
    Object.fromEntries(all.flatMap(({ expected }) => Object.entries(part(expected) ?? {})));
  return {
    feeds: merged(({ feeds }) => feeds),
    captions: merged(({ captions }) => captions),
    media: merged(({ media }) => media),
    notified: all.flatMap(({ expected }) => expected.notified ?? []),
  };
}

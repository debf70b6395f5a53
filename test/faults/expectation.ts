import { type Expectation } from '../../proof/checks/expectation';
import { feedsOf } from '../../proof/checks/expected-feeds';
import { type TrueEvent } from '../../proof/checks/truth';
import { type Expected, type Mailed } from './scene';

/** What a scene says must be true, in the judge's words. */
export function expectationOf(
  events: readonly TrueEvent[],
  rolledBack: ReadonlySet<string>,
  { feeds = {}, notified = [], mails = [], mailsPossible = [], media = {}, captions = {}, ...rest }: Expected,
): Expectation {
  const keyOf = ({ eventId, recipientId }: Mailed): string => `${eventId} ${recipientId}`;
  const due = new Set(mails.map(keyOf));
  const posts = Object.entries(captions).map(([postId, caption]) => {
    const authorId = events.find(({ payload }) => payload['post_id'] === postId)?.payload['user_id'];
    const status = caption === null ? 'deleted' : 'published';
    return [postId, { authorId: String(authorId), status, caption: caption ?? '' }] as const;
  });
  return {
    ...{ events, rolledBack },
    posts: new Map(posts),
    gone: new Map((rest.erased ?? []).map((userId) => [userId, 'deleted'])),
    feeds: feedsOf(Object.entries(feeds), events),
    notifications: new Map(notified.map((one) => [keyOf(one), { ...one, inApp: true, presence: 'due' }])),
    emails: { due, possible: new Set([...due, ...mailsPossible.map(keyOf)]) },
    media: {
      wanted: new Set(Object.entries(media).flatMap(([postId, ids]) => ids.map((mediaId) => `${postId} ${mediaId}`))),
      isGone: () => false,
      unclaimed: new Set(),
    },
    waiting: new Set(rest.waiting ?? []),
  };
}

import { type ExpectedEmails, expectedEmails } from './emails';
import { type ExpectedFeeds, expectedFeeds } from './expected-feeds';
import { type ExpectedNotification, expectedNotifications } from './expected-notifications';
import { type ExpectedMedia, expectedMedia } from './media';
import { type Truth } from './truth';

/**
 * What must be true at the end, by the word of those who caused it: computed from the tables of the business services
 * (`expectationOf`), or written down by a test that knows its own story.
 */
export interface Expectation extends Pick<Truth, 'events' | 'rolledBack' | 'posts' | 'gone'> {
  readonly feeds: ExpectedFeeds;
  /** By `event recipient`. */
  readonly notifications: ReadonlyMap<string, ExpectedNotification>;
  readonly emails: ExpectedEmails;
  readonly media: ExpectedMedia;
  /** Events whose run may still be open: uploads that no post claims wait out their hour. */
  readonly waiting: ReadonlySet<string>;
}

/** @param reachable people whose address was known before anything happened that they could be notified of */
export function expectationOf(truth: Truth, reachable: ReadonlySet<string>): Expectation {
  const notifications = expectedNotifications(truth);
  const { events, rolledBack, posts, gone, preferences } = truth;
  return {
    ...{ events, rolledBack, posts, gone, notifications },
    feeds: expectedFeeds(truth),
    emails: expectedEmails({ expected: notifications, reachable, preferences }),
    media: expectedMedia(truth),
    waiting: new Set(),
  };
}

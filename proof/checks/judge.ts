import { type EmailFaults, emailFaults } from './emails';
import { type Evidence } from './evidence';
import { type Expectation } from './expectation';
import { type FeedFaults, feedFaults } from './feeds';
import { type KafkaFaults, kafkaFaults, type Marks } from './kafka';
import { type MediaFaults, mediaFaults } from './media';
import { type NotificationFaults, notificationFaults } from './notifications';
import { type PeopleFaults, peopleFaults } from './people';
import { byEvent } from './replays';
import { type PostFaults, postFaults } from './posts-shown';
import { type RowFaults, rowFaults } from './rows';
import { type RunFaults, runFaults } from './runs';

/** Sentences, by the promise that they break. Empty lists are the only good ones. */
export interface Judgement {
  readonly rows: RowFaults;
  readonly runs: RunFaults;
  readonly kafka: KafkaFaults;
  readonly feeds: FeedFaults;
  readonly posts: PostFaults;
  readonly notifications: NotificationFaults;
  readonly emails: EmailFaults;
  readonly media: MediaFaults;
  readonly people: PeopleFaults;
}

/** Name of a promise, `part.kind`. */
export type Promised = {
  [Part in keyof Judgement]: `${Part}.${Extract<keyof Judgement[Part], string>}`;
}[keyof Judgement];

/**
 * Compares what must be true with what the servers say. The one judge of the demo, chaos, faults and outages: each
 * gathers its evidence, and groups or leaves out what it finds. A pure function.
 * @param isExplained says of a message that came after its mark whether a fault of the servers explains it
 */
export function judge(
  expected: Expectation,
  found: Evidence,
  isExplained: Marks['isExplained'] = () => false,
): Judgement {
  const { rows, runs, messages, redis, notices, deliveries, links, postStates, profiles } = found;
  return {
    rows: rowFaults(rows, found.unaccounted),
    runs: runFaults(expected, runs),
    kafka: kafkaFaults(expected, messages, { rows, isExplained }),
    feeds: feedFaults(expected.feeds, redis),
    posts: postFaults(expected, { redis, notices, postStates }),
    notifications: notificationFaults(expected.notifications, notices),
    emails: emailFaults(expected.emails, found.mails, deliveries),
    media: mediaFaults(expected.media, links, byEvent(runs)),
    people: peopleFaults(expected, { profiles, postStates, redis }),
  };
}

/** Everything that is wrong, but for the promises that a fault of this kind may break. */
export function sentencesOf(judgement: Judgement, except: readonly Promised[] = []): string[] {
  return Object.entries(judgement).flatMap(([part, faults]) =>
    Object.entries(faults as Record<string, readonly string[]>).flatMap(([kind, sentences]) =>
      except.includes(`${part}.${kind}` as Promised) ? [] : sentences,
    ),
  );
}

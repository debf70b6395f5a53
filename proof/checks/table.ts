import { checked, type CheckResult } from './check';
import { checkEmails } from './emails';
import { type Evidence } from './evidence';
import { expectedNotifications } from './expected-notifications';
import { checkFeeds } from './feeds';
import { checkKafka } from './kafka';
import { checkMedia } from './media';
import { checkNotifications } from './notifications';
import { checkPeople } from './people';
import { checkPostsShown } from './posts-shown';
import { byEvent } from './replays';
import { rowFaults } from './rows';
import { checkWorkflows } from './runs';
import { type Truth } from './truth';

/**
 * The judgement on a healthy run, in which nothing was killed or cut off, as lines of a table: no promise is left out, not
 * even those that a crash may break.
 */
export function checksOf(truth: Truth, evidence: Evidence, reachable: ReadonlySet<string>): CheckResult[] {
  const { rows, runs, messages, redis, notices, postStates, deliveries, links, profiles, mails } = evidence;
  const expected = expectedNotifications(truth);
  return [
    checkWorkflows(truth, runs, evidence.unaccounted),
    checkRows(rows),
    checkKafka(truth, messages, { rows }),
    checkFeeds(truth, redis),
    checkPostsShown(truth, { redis, notices, postStates }),
    checkNotifications(expected, notices),
    checkEmails({ expected, reachable, preferences: truth.preferences }, mails, deliveries),
    checkMedia(truth, links, byEvent(runs)),
    checkPeople(truth, { profiles, postStates, redis }),
  ];
}

function checkRows(rows: Evidence['rows']): CheckResult {
  const { unstarted, unemitted, givenUp, burnt, blamed, leased } = rowFaults(rows);
  return checked(
    'outbox',
    'every row is started, emitted and released; none was given up, no attempt was counted',
    `${rows.length} rows, ${givenUp.length} given up, ${leased.length} leased`,
    { rows: rows.length, givenUp: givenUp.length, burnt: burnt.length },
    [...unstarted, ...unemitted, ...givenUp, ...burnt, ...blamed, ...leased],
  );
}

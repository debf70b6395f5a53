import { checked, type CheckResult } from './check';
import { type Delivery, type ReceivedMailId } from './evidence';
import { type ExpectedNotification } from './expected-notifications';

const kindsByEmail = new Set(['message.mention', 'post.mention', 'comment.mention', 'security.alert']);

export interface EmailTruth {
  readonly expected: ReadonlyMap<string, ExpectedNotification>;
  /** People whose address was known before anything happened that they could be notified of. */
  readonly reachable: ReadonlySet<string>;
  /** Switches that people have set, by `user kind channel`. */
  readonly preferences: ReadonlyMap<string, boolean>;
}

/** Keys `event recipient` of e-mails. */
export interface ExpectedEmails {
  readonly due: ReadonlySet<string>;
  /** Due or not, depending on who was quicker; contains `due`. */
  readonly possible: ReadonlySet<string>;
}

/** Sentences, by what is wrong. */
export interface EmailFaults {
  /** Due and not there, and the ledger does not say that no one can know. */
  readonly missing: readonly string[];
  /** Due, not there, and `unknown` to the ledger: what a crash may leave, and a healthy run does not. */
  readonly unknown: readonly string[];
  readonly duplicates: readonly string[];
  readonly unexpected: readonly string[];
  /** The mail server has it, and the ledger does not say that it was or may have been sent. */
  readonly unrecorded: readonly string[];
  /** The ledger says that it was sent, and the mail server does not have it. */
  readonly unsent: readonly string[];
  /** Deliveries that are not over, or that failed. */
  readonly unsettled: readonly string[];
  /** Deliveries that someone still has a claim on. */
  readonly claimed: readonly string[];
}

/** Which e-mails are due, by who was to be notified of what. */
export function expectedEmails({ expected, reachable, preferences }: EmailTruth): ExpectedEmails {
  const wanted = ({ recipientId, kind }: ExpectedNotification): boolean =>
    kind === 'security.alert' || (preferences.get(`${recipientId} ${kind} email`) ?? true);
  const possible = [...expected].filter(([, one]) => kindsByEmail.has(one.kind) && wanted(one));
  const due = possible.filter(
    ([, { presence, recipientId, wasHidden }]) =>
      presence === 'due' && wasHidden !== true && reachable.has(recipientId),
  );
  return { due: new Set(due.map(([key]) => key)), possible: new Set(possible.map(([key]) => key)) };
}

/** By the mail server's own books: every e-mail that is due arrived, and none twice. */
export function checkEmails(
  truth: EmailTruth,
  mails: readonly ReceivedMailId[],
  deliveries?: readonly Delivery[],
): CheckResult {
  const expected = expectedEmails(truth);
  const faults = emailFaults(expected, mails, deliveries);
  const { missing, unknown, duplicates, unexpected, unrecorded, unsent, unsettled, claimed } = faults;
  return checked(
    'e-mails',
    'every e-mail that is due arrived, and none twice',
    `${mails.length} received, ${expected.due.size} due, ${duplicates.length} twice`,
    {
      emails: mails.length,
      missing: missing.length + unknown.length,
      duplicates: duplicates.length,
      unexpected: unexpected.length,
    },
    [...duplicates, ...missing, ...unknown, ...unexpected, ...unrecorded, ...unsent, ...unsettled, ...claimed],
  );
}

/** Without `deliveries` the ledger is not looked at. */
export function emailFaults(
  { due, possible }: ExpectedEmails,
  mails: readonly ReceivedMailId[],
  deliveries?: readonly Delivery[],
): EmailFaults {
  const received = new Map<string, number>();
  for (const { messageId } of mails) {
    const key = emailKey(messageId);
    received.set(key, (received.get(key) ?? 0) + 1);
  }
  const states = new Map<string, string>();
  for (const { channel, eventId, recipientId, state } of deliveries ?? [])
    if (channel === 'email') states.set(`${eventId} ${recipientId}`, state);
  const absent = [...due].filter((key) => !received.has(key));
  const isUnknown = (key: string): boolean => states.get(key) === 'unknown';
  const mayBeSent = (key: string): boolean => ['sent', 'unknown'].includes(states.get(key) ?? '');
  const keys = [...received.keys()];
  return {
    missing: absent.filter((key) => !isUnknown(key)).map((key) => `${nameOfEmail(key)} did not arrive`),
    unknown: absent.filter(isUnknown).map((key) => `${nameOfEmail(key)} did not arrive, and may have been sent`),
    duplicates: [...received].flatMap(([key, count]) =>
      count > 1 ? [`${nameOfEmail(key)} was sent ${count} times`] : [],
    ),
    unexpected: keys.filter((key) => !possible.has(key)).map((key) => `${nameOfEmail(key)} should not have been sent`),
    unrecorded: keys
      .filter((key) => deliveries !== undefined && !mayBeSent(key))
      .map((key) => `${nameOfEmail(key)} was sent, and its delivery is ${states.get(key) ?? 'absent'}`),
    unsent: [...states]
      .filter(([key, state]) => state === 'sent' && !received.has(key))
      .map(([key]) => `${nameOfEmail(key)} is marked as sent, and never arrived`),
    unsettled: namedDeliveries(deliveries, ['pending', 'failed']),
    claimed: namedDeliveries(deliveries, ['claimed']),
  };
}

function namedDeliveries(deliveries: readonly Delivery[] = [], states: readonly string[]): string[] {
  return deliveries
    .filter(({ state }) => states.includes(state))
    .map(
      ({ state, channel, eventId, recipientId }) =>
        `the ${channel} delivery of event ${eventId} to ${recipientId} is ${state}`,
    );
}

/** `<event>.<recipient>@<domain>` → `<event> <recipient>` */
export function emailKey(messageId: string): string {
  return messageId.replace(/@.*$/, '').replace('.', ' ');
}

/** How reports name an e-mail. */
function nameOfEmail(key: string): string {
  const [eventId, recipientId] = key.split(' ');
  return `the e-mail of event ${eventId} to ${recipientId}`;
}

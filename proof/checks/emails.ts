import { checked, type CheckResult } from './check';
import { type ExpectedNotification } from './expected-notifications';

const kindsByEmail = new Set(['message.mention', 'post.mention', 'comment.mention', 'security.alert']);

export interface EmailTruth {
  readonly expected: ReadonlyMap<string, ExpectedNotification>;
  /** People whose address was known before anything happened that they could be notified of. */
  readonly reachable: ReadonlySet<string>;
  /** Switches that people have set, by `user kind channel`. */
  readonly preferences: ReadonlyMap<string, boolean>;
}

/** Keys `event recipient` of e-mails, by what is wrong with them. */
export interface EmailFaults {
  readonly due: number;
  readonly missing: readonly string[];
  readonly duplicates: readonly { readonly key: string; readonly count: number }[];
  readonly unexpected: readonly string[];
}

/** By the mail server's own books: every e-mail that is due arrived, and none twice. */
export function checkEmails(truth: EmailTruth, mails: readonly { readonly messageId: string }[]): CheckResult {
  const { due, missing, duplicates, unexpected } = emailFaults(truth, mails);
  return checked(
    'e-mails',
    'every e-mail that is due arrived, and none twice',
    `${mails.length} received, ${due} due, ${duplicates.length} twice`,
    { emails: mails.length, missing: missing.length, duplicates: duplicates.length, unexpected: unexpected.length },
    [
      ...duplicates.map(({ key, count }) => `${nameOfEmail(key)} was sent ${count} times`),
      ...missing.map((key) => `${nameOfEmail(key)} did not arrive`),
      ...unexpected.map((key) => `${nameOfEmail(key)} should not have been sent`),
    ],
  );
}

export function emailFaults(
  { expected, reachable, preferences }: EmailTruth,
  mails: readonly { readonly messageId: string }[],
): EmailFaults {
  const received = new Map<string, number>();
  for (const { messageId } of mails) {
    const key = emailKey(messageId);
    received.set(key, (received.get(key) ?? 0) + 1);
  }
  const wanted = ({ recipientId, kind }: ExpectedNotification): boolean =>
    kind === 'security.alert' || (preferences.get(`${recipientId} ${kind} email`) ?? true);
  const possible = new Map([...expected].filter(([, one]) => kindsByEmail.has(one.kind) && wanted(one)));
  const due = [...possible].filter(([, { presence, recipientId }]) => presence === 'due' && reachable.has(recipientId));

  return {
    due: due.length,
    missing: due.flatMap(([key]) => (received.has(key) ? [] : [key])),
    duplicates: [...received].filter(([, count]) => count > 1).map(([key, count]) => ({ key, count })),
    unexpected: [...received.keys()].filter((key) => !possible.has(key)),
  };
}

/** `<event>.<recipient>@<domain>` → `<event> <recipient>` */
export function emailKey(messageId: string): string {
  return messageId.replace(/@.*$/, '').replace('.', ' ');
}

/** How reports name an e-mail. */
export function nameOfEmail(key: string): string {
  const [eventId, recipientId] = key.split(' ');
  return `the e-mail of event ${eventId} to ${recipientId}`;
}

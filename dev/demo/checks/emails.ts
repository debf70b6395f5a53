import { checked, type CheckResult } from './check';
import { type ExpectedNotification } from './expected-notifications';

const kindsByEmail = new Set(['message.mention', 'post.mention', 'comment.mention', 'security.alert']);

interface EmailTruth {
  readonly expected: ReadonlyMap<string, ExpectedNotification>;
  /** People whose address was known before anything happened that they could be told of. */
  readonly reachable: ReadonlySet<string>;
  /** Switches that people have set, by `user kind channel`. */
  readonly preferences: ReadonlyMap<string, boolean>;
}

/** By the mail server's own books: every e-mail that is due arrived, and none twice. */
export function checkEmails(
  { expected, reachable, preferences }: EmailTruth,
  mails: readonly { readonly messageId: string }[],
): CheckResult {
  const received = new Map<string, number>();
  for (const { messageId } of mails) received.set(keyOf(messageId), (received.get(keyOf(messageId)) ?? 0) + 1);
  const wanted = ({ recipientId, kind }: ExpectedNotification): boolean =>
    kind === 'security.alert' || (preferences.get(`${recipientId} ${kind} email`) ?? true);
  const possible = new Map([...expected].filter(([, one]) => kindsByEmail.has(one.kind) && wanted(one)));
  const due = [...possible].filter(([, { presence, recipientId }]) => presence === 'due' && reachable.has(recipientId));

  const duplicates = [...received]
    .filter(([, count]) => count > 1)
    .map(([key, count]) => `${nameOf(key)} was sent ${count} times`);
  const missing = due.filter(([key]) => !received.has(key)).map(([key]) => `${nameOf(key)} did not arrive`);
  const unexpected = [...received.keys()]
    .filter((key) => !possible.has(key))
    .map((key) => `${nameOf(key)} should not have been sent`);
  return checked(
    'e-mails',
    'every e-mail that is due arrived, and none twice',
    `${mails.length} received, ${due.length} due, ${duplicates.length} twice`,
    { emails: mails.length, missing: missing.length, duplicates: duplicates.length, unexpected: unexpected.length },
    [...duplicates, ...missing, ...unexpected],
  );
}

/** `<event>.<recipient>@<domain>` → `<event> <recipient>` */
function keyOf(messageId: string): string {
  return messageId.replace(/@.*$/, '').replace('.', ' ');
}

function nameOf(key: string): string {
  const [eventId, recipientId] = key.split(' ');
  return `the e-mail of event ${eventId} to ${recipientId}`;
}

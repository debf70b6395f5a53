import { type DeliveryState } from '../../activities/notify/pg-delivery-ledger';
import { Inbox } from '../../client/inbox';
import { NotificationPreferences } from '../../client/preferences';
import { type Channel, type NotificationKind, channels } from '../../contracts/notification-kinds';
import { type Connections } from '../connections';
import { type OutboxAway, noRowText } from '../outboxes';
import { type Check, type Why, actionFor, at, fine, note, wrong } from './why';
import { eventSeen } from './why-event';
import { audienceCheck } from './why-audience';

interface NoticeSeen {
  readonly id: number;
  readonly kind: NotificationKind;
  readonly inApp: boolean;
  readonly createdAt: Date;
  readonly readAt: Date | null;
  readonly retractedAt: Date | null;
}

interface DeliverySeen {
  readonly channel: Channel;
  readonly state: DeliveryState;
  readonly reason: string | null;
  readonly attempts: number;
  readonly sentAt: Date | null;
}

const noticeOf = `
  SELECT id, kind, in_app AS "inApp", created_at AS "createdAt", read_at AS "readAt", retracted_at AS "retractedAt"
  FROM nova.notifications WHERE event_id = $1 AND recipient_id = $2`;
const deliveriesOf = `
  SELECT channel, state, reason, attempts, sent_at AS "sentAt" FROM nova.notification_deliveries
  WHERE event_id = $1 AND recipient_id = $2 ORDER BY channel`;
const stateOf = `SELECT state FROM nova.user_profiles WHERE user_id = $1`;

/** Whether U was notified of E: in the inbox and on each channel; if not, why not and what would change it. */
export async function whyEventFor(
  connections: Connections,
  userId: string,
  eventId: string,
): Promise<{ readonly why: Why; readonly away: readonly OutboxAway[] }> {
  const { pool } = connections;
  const event = await eventSeen(connections, eventId);
  if (event === null) return noEvent(userId, eventId);
  const [audience, notices, deliveries, profile] = await Promise.all([
    audienceCheck(connections, event.row, userId),
    pool.query<NoticeSeen>(noticeOf, [eventId, userId]),
    pool.query<DeliverySeen>(deliveriesOf, [eventId, userId]),
    pool.query<{ state: string }>(stateOf, [userId]),
  ]);
  const notice = notices.rows[0] ?? null;
  const kind = notice?.kind ?? audience.kind;
  const listed = notice !== null && (await isListed(connections, userId, notice.id));
  const checks = [
    ...event.checks.filter(({ check }) => check !== 'kafka'),
    notice === null ? audience.check : fine('audience', `${userId} was chosen to be notified (${notice.kind})`),
    ...personCheck(userId, profile.rows[0]?.state ?? 'active'),
    inboxCheck({
      ...{ notice, listed, isOpen: event.isOpen, isDue: audience.kind !== null },
      isStarted: event.row.published_at !== null,
      switchedOff: deliveries.rows.some(({ channel, state }) => channel === 'in_app' && state === 'skipped'),
    }),
    ...(kind === null ? [] : await preferenceChecks(connections, userId, kind)),
    ...deliveries.rows.filter(({ channel }) => channel !== 'in_app').map((one) => deliveryCheck(eventId, userId, one)),
  ];
  const sent = deliveries.rows.filter(({ channel, state }) => channel !== 'in_app' && state === 'sent');
  return {
    why: verdict({ userId, eventId, listed, sent: sent.map(({ channel }) => channel), checks }),
    away: event.away,
  };
}

async function noEvent(userId: string, eventId: string): Promise<{ why: Why; away: readonly OutboxAway[] }> {
  const cure =
    'the service must publish the event in its transaction; with the id of a post or person: npx nova why <id>';
  const checks = [wrong('written', `${eventId}: ${noRowText([])}`, cure)];
  return { why: { yes: false, verdict: `${userId} was not notified of ${eventId}`, checks }, away: [] };
}

function verdict(of: {
  userId: string;
  eventId: string;
  listed: boolean;
  sent: readonly string[];
  checks: readonly Check[];
}): Why {
  const { userId, eventId, listed, sent, checks } = of;
  const places = [...(listed ? ['in the inbox'] : []), ...sent.map((channel) => `by ${channel}`)];
  return places.length > 0
    ? { yes: true, verdict: `${userId} was notified of ${eventId}: ${places.join(', ')}`, checks }
    : { yes: false, verdict: `${userId} was not notified of ${eventId}`, checks };
}

/** As the client lists it: the newest up to this one. */
async function isListed({ pool }: Connections, userId: string, id: number): Promise<boolean> {
  const { entries } = await new Inbox(pool).list(userId, { before: id + 1, limit: 1 });
  return entries[0]?.id === id;
}

function personCheck(userId: string, state: string): Check[] {
  if (state === 'active') return [];
  return [wrong('person', `${userId} is ${state}: no one who is gets notices`, null)];
}

interface OfInbox {
  readonly notice: NoticeSeen | null;
  readonly listed: boolean;
  readonly isOpen: boolean;
  /** The person is to be notified. */
  readonly isDue: boolean;
  readonly isStarted: boolean;
  /** When the notice was made. */
  readonly switchedOff: boolean;
}

function inboxCheck({ notice, listed, isOpen, isDue, isStarted, switchedOff }: OfInbox): Check {
  if (notice === null) {
    if (!isStarted) return note('inbox', 'no notice is in the inbox, since the event has not started');
    if (isOpen && isDue)
      return wrong('inbox', 'no notice is in the inbox yet: the run is under way', 'what its run waits for, above');
    return isDue
      ? wrong('inbox', 'no notice is in the inbox', 'see the run above; npx nova replay makes up for what was not done')
      : note('inbox', 'no notice is in the inbox');
  }
  const { createdAt, readAt, retractedAt, inApp } = notice;
  if (retractedAt !== null)
    return wrong(
      'inbox',
      `the notice of ${at(createdAt)} was taken back ${at(retractedAt)}: what it is about is gone, or a newer one says the same`,
      null,
    );
  if (listed)
    return fine('inbox', `the inbox lists it since ${at(createdAt)}${readAt === null ? '' : `; read ${at(readAt)}`}`);
  if (!inApp && switchedOff)
    return wrong(
      'inbox',
      'the inbox does not list it: the person had switched that off',
      'the person can switch it on; later events are listed then',
    );
  if (!inApp) return wrong('inbox', 'the inbox does not list it: the person deleted it', null);
  return wrong(
    'inbox',
    'the inbox does not list it now: who caused it is hidden, or the post is archived',
    'it is listed again when that ends',
  );
}

/** As the person's settings page shows them. */
async function preferenceChecks({ pool }: Connections, userId: string, kind: NotificationKind): Promise<Check[]> {
  const switches = (await new NotificationPreferences(pool).get(userId))[kind];
  return channels.map((channel) => {
    const { enabled, byDefault, locked } = switches[channel];
    const who = locked ? 'always' : byDefault ? 'by default' : 'by the person';
    const says = `${kind} on ${channel} is ${enabled ? 'on' : 'off'}, ${who}`;
    return enabled
      ? fine('preference', says)
      : note('preference', says, 'the person can switch it on; later events go out there then');
  });
}

const skipped: Readonly<Record<string, [says: string, cure: string | null]>> = {
  SWITCHED_OFF: ['the person has switched it off', 'the person can switch it on; this one is not sent'],
  CHANNEL_OFF: ['this deployment has no such channel', 'give workers its settings (docs/configuration.md)'],
  NO_ADDRESS: ['the person has no address there', 'an identity event that says it; this one is not sent'],
  RETRACTED: ['what it is about was deleted or archived, or the person or who caused it is hidden', null],
  TOO_OLD: ['it had waited until it was no news any more', null],
  LIMITED: [
    'who caused it had caused this person enough messages within the hour',
    'nothing for this one; the limit is EMAILS_PER_ACTOR_PER_HOUR',
  ],
  RUN_ENDED: ['its run ended before it was sent', 'npx nova replay'],
};

function deliveryCheck(eventId: string, userId: string, delivery: DeliverySeen): Check {
  const { channel, state, reason, attempts, sentAt } = delivery;
  const name = `${eventId}/${userId}/${channel}`;
  const why = reason === null ? '' : `: ${reason}`;
  switch (state) {
    case 'sent':
      return fine(channel, `${channel} was taken over by its provider ${sentAt === null ? '' : at(sentAt)}`.trimEnd());
    case 'skipped': {
      const [says, cure] = skipped[reason ?? ''] ?? [reason ?? 'no reason was kept', null];
      return wrong(
        channel,
        `${channel} was not sent: ${says} (${reason})`,
        cure === 'npx nova replay' ? `npx nova replay ${eventId}` : cure,
      );
    }
    case 'failed':
      return wrong(channel, `${channel} was refused for good${why}`, `npx nova deliveries resend ${name}`);
    case 'unknown':
      return wrong(
        channel,
        `${channel} may have arrived or not, the reply of its provider was lost${why}`,
        `npx nova deliveries settle ${name} --as sent, or resend ${name}`,
      );
    case 'claimed':
      return note(channel, `${channel} is being sent now, attempt ${attempts}`);
    case 'pending':
      return wrong(
        channel,
        `${channel} waits, after ${attempts} ${attempts === 1 ? 'try' : 'tries'}${why}`,
        actionFor('CHANNEL_UNAVAILABLE'),
      );
  }
}

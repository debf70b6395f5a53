import {
  type Channel,
  type NotificationKind,
  channels,
  isDefault,
  isLocked,
  notificationKinds,
} from '../contracts/notification-kinds';
import { didYouMean } from '../contracts/near-words';
import { type Statements } from '../feeds/sql-feed-truth';
import { uuidOf } from './limits';
import { statementsIn } from './statements-in';

/** One switch of a person. */
export interface Switch {
  /** Whether notifications of this kind go out on this channel. */
  readonly enabled: boolean;
  /** The person said nothing: `enabled` is the default of the kind. */
  readonly byDefault: boolean;
  /** Always on, whatever the person says: show it as one that cannot be switched. */
  readonly locked: boolean;
}

/** Every kind of notification, and every channel of each. */
export type AllPreferences = Readonly<Record<NotificationKind, Readonly<Record<Channel, Switch>>>>;

const select = 'SELECT kind, channel, enabled FROM nova.notification_preferences WHERE user_id = $1';

const upsert = `
  INSERT INTO nova.notification_preferences (user_id, kind, channel, enabled) VALUES ($1, $2, $3, $4)
  ON CONFLICT (user_id, kind, channel) DO UPDATE SET enabled = excluded.enabled`;

interface Row {
  kind: string;
  channel: string;
  enabled: boolean;
}

const kinds = Object.keys(notificationKinds) as NotificationKind[];

/** How a person wants to be notified. The workers look at it when they choose channels, and again before they send. */
export class NotificationPreferences {
  private readonly database: Statements;

  /**
   * @param database a pool of `pg`, a client in a transaction, or anything with its `query`
   * @param options.schema DATABASE_SCHEMA of the deployment; default `nova`
   */
  constructor(database: Statements, options: { readonly schema?: string } = {}) {
    this.database = statementsIn(database, options.schema);
  }

  /**
   * Every kind and channel, with the defaults where the person said nothing.
   * @throws RangeError when `userId` is no UUID; what `database` throws passes through
   */
  async get(userId: string): Promise<AllPreferences> {
    const { rows } = await this.database.query(select, [uuidOf('userId', userId)]);
    const said = new Map((rows as Row[]).map((row) => [`${row.kind} ${row.channel}`, row.enabled]));
    const switchOf = (kind: NotificationKind, channel: Channel): Switch => {
      const own = said.get(`${kind} ${channel}`);
      const locked = isLocked(kind, channel);
      return { enabled: locked || (own ?? isDefault(kind, channel)), byDefault: own === undefined, locked };
    };
    const ofKind = (kind: NotificationKind) =>
      Object.fromEntries(channels.map((channel) => [channel, switchOf(kind, channel)]));
    return Object.fromEntries(kinds.map((kind) => [kind, ofKind(kind)])) as AllPreferences;
  }

  /**
   * Sets one switch; the last call counts.
   * @throws RangeError for a kind or channel that does not exist (the message lists those that do), for one that cannot be
   *   switched off, and when `userId` is no UUID; what `database` throws passes through
   */
  async set(userId: string, kind: NotificationKind, channel: Channel, enabled: boolean): Promise<void> {
    const user = uuidOf('userId', userId);
    oneOf('kind', kind, kinds);
    oneOf('channel', channel, channels);
    if (typeof enabled !== 'boolean') throw new RangeError(`enabled of ${kind} on ${channel} must be true or false`);
    if (!enabled && isLocked(kind, channel))
      throw new RangeError(`${kind} on ${channel} cannot be switched off: an account must hear of its own security`);
    await this.database.query(upsert, [user, kind, channel, enabled]);
  }
}

function oneOf(what: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  const hint = didYouMean(value, known);
  throw new RangeError(
    `${what} ${JSON.stringify(value).slice(0, 100)} does not exist; there are ${known.join(', ')}${hint}`,
  );
}

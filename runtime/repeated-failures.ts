import { oneLine } from './errors';
import { type Logger } from './logger';

/** A failure is over when it has not come for as long as this, and while it lasts there is a line as often; milliseconds. */
const usualMs = 60_000;
/** Kinds that are kept apart; what else fails meanwhile counts as one kind. */
const mostKinds = 200;

export interface RepeatedFailure {
  /** What fails, and why: equal texts are one failure. A code and an outbox, as a rule; never an id. */
  readonly key: string;
  readonly level: 'warn' | 'error';
  /** Ids and the cause, of this one. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
  /** What is worth a request only where a line is written: more fields of it. */
  readonly more?: () => Promise<Record<string, unknown>>;
}

interface Kind {
  latest: RepeatedFailure;
  readonly beganMs: number;
  latestMs: number;
  /** Since the last line. */
  count: number;
  total: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * While a server is away, each event fails at each try: thousands of lines that say one thing. Here the first of a kind is one line at once,
 * then there is one a minute with their number (`times`) and the ids and the cause of the latest, and one when none has come for a minute
 * (`lasted_ms`, `times_in_all`). Each of them is a line of its own at the level `debug`.
 */
export class RepeatedFailures {
  private readonly kinds = new Map<string, Kind>();

  constructor(
    private readonly logger: Logger,
    private readonly everyMs = usualMs,
  ) {}

  say(failure: RepeatedFailure): void {
    const key = this.kinds.has(failure.key) || this.kinds.size < mostKinds ? failure.key : '';
    const now = performance.now();
    const kind = this.kinds.get(key);
    if (kind === undefined) {
      this.write(failure, {}, failure.message);
      // A process that has nothing else to do ends.
      const timer = setInterval(() => this.turn(key), this.everyMs).unref();
      this.kinds.set(key, { latest: failure, beganMs: now, latestMs: now, count: 0, total: 1, timer });
      return;
    }
    this.logger.debug(failure.fields, failure.message);
    Object.assign(kind, { latest: failure, latestMs: now, count: kind.count + 1, total: kind.total + 1 });
  }

  private turn(key: string): void {
    const kind = this.kinds.get(key);
    if (kind === undefined) return;
    const { latest, count, total, beganMs, latestMs } = kind;
    if (count > 0) {
      this.write(latest, { times: count }, `${latest.message} (again and again)`);
      kind.count = 0;
      return;
    }
    clearInterval(kind.timer);
    this.kinds.delete(key);
    // What came once was said once.
    if (total === 1) return;
    const about = { ...ofAll(latest.fields), lasted_ms: Math.round(latestMs - beganMs), times_in_all: total };
    this.logger.info(about, `${latest.message}: not any more`);
  }

  private write({ level, fields, more }: RepeatedFailure, counted: object, message: string): void {
    if (more === undefined) return this.logger[level]({ ...fields, ...counted }, message);
    void more()
      .catch(() => ({}))
      .then((found) => this.logger[level]({ ...fields, ...found, ...counted }, message));
  }
}

/** What is true of each failure of a kind, and not only of the latest. */
const common = ['code', 'dependency', 'outbox'];
const ofAll = (fields: RepeatedFailure['fields']): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => common.includes(name)));

const byLogger = new WeakMap<Logger, RepeatedFailures>();

/** The same, for code that has a logger: one for each logger. */
export function sayRepeated(logger: Logger, failure: RepeatedFailure): void {
  let failures = byLogger.get(logger);
  if (failures === undefined) byLogger.set(logger, (failures = new RepeatedFailures(logger)));
  failures.say(failure);
}

/** A text without what differs from one event to the next: ids, addresses, figures. */
export const withoutFigures = (text: string): string => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gi, '#');

/** What should not be thrown: with its stack, so that it can be found. */
export function sayBug(logger: Logger, error: Error, ids: object, message: string): void {
  const fields = { ...ids, error: oneLine(error), stack: error.stack };
  sayRepeated(logger, { key: `${message} ${withoutFigures(fields.error)}`, level: 'error', fields, message });
}

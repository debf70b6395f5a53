import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { type Pool } from 'pg';
import { type Setting, setting } from '../../runtime/config';
import { type Database, inTransaction } from '../../runtime/postgres';

/** Part of the settings of the operator's tools. */
export const actorSetting = {
  actor: setting.optionalText(
    'OPS_ACTOR',
    'Who works with the operator’s tools, kept with what they do; empty: the user of the operating system.',
  ),
  editor: setting.optionalText('EDITOR', 'What `npx nova dead-letters amend` opens a payload in.'),
} as const satisfies Record<string, Setting<string>>;

/** One command of a person, as every act that it writes says it. */
export interface Act {
  readonly invocation: string;
  readonly actor: string;
  readonly command: string;
  readonly reason: string | null;
  /** How many things the plan has. */
  readonly planned: number;
  /** What chose them, and whatever else a reader should know. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a command knows of its act before it has a plan. */
export type Intent = Pick<Act, 'actor' | 'command' | 'planned'> & {
  readonly reason?: string | null | undefined;
  readonly details?: Act['details'];
};

const longestReason = 1_000;

export const actOf = ({ reason, details = {}, ...intent }: Intent): Act => ({
  invocation: randomUUID(),
  ...intent,
  reason: reason == null ? null : reason.slice(0, longestReason),
  details,
});

/** A container may run as a user that has no name. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

const host = (): string => `${osUser()}@${hostname()}`;

export const actorOf = (configured: string): string => (configured === '' ? osUser() : configured);

const record = `
  INSERT INTO nova.operator_acts (invocation, actor, host, command, reason, planned, done, ids, details)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/** @param result added to the details of the act */
async function write(
  database: Database,
  act: Act,
  done: number | null,
  ids: readonly string[],
  result: Act['details'] = {},
): Promise<void> {
  const { invocation, actor, command, reason, planned, details } = act;
  await database.query(record, [
    ...[invocation, actor, host(), command, reason, planned, done, ids],
    JSON.stringify({ ...details, ...result }),
  ]);
}

/** The act, as a function of the database takes it that writes it with what it does. */
export const actForFunction = ({ invocation, actor, reason, planned }: Act): string =>
  JSON.stringify({ invocation, actor, host: host(), reason, planned });

/** What an act has changed. */
export interface Done<T> {
  readonly value: T;
  readonly ids: readonly string[];
  readonly result?: Act['details'];
}

/** Changes rows and writes the act in one transaction: neither is there without the other. What changed nothing is no act. */
export async function doing<T>(pool: Pool, act: Act, work: (database: Database) => Promise<Done<T>>): Promise<T> {
  return inTransaction(pool, async (client) => {
    const { value, ids, result } = await work(client);
    if (ids.length > 0) await write(client, act, ids.length, ids, result);
    return value;
  });
}

/**
 * For what is changed in other servers, where no transaction reaches: an act before, so that nothing is changed without one, and
 * another one after it. `ids`: what is to be changed.
 */
export async function doingElsewhere<T>(
  pool: Pool,
  act: Act,
  ids: readonly string[],
  work: () => Promise<{ readonly value: T; readonly done: number; readonly result?: Act['details'] }>,
): Promise<T> {
  await write(pool, act, null, ids);
  try {
    const { value, done, result } = await work();
    await write(pool, act, done, ids, result);
    return value;
  } catch (thrown) {
    // What it has done before it failed is not known here: no count.
    await write(pool, act, null, [], { failed: String(thrown).slice(0, 500) }).catch(() => undefined);
    throw thrown;
  }
}

import { type Pool } from 'pg';
import * as sql from '../../outbox/pauses.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type Act, doing } from '../acts/acts';
import { type OutboxAway, askEach } from '../outboxes';
import { type PauseTarget } from './pause-target';

/** A pause that is forgotten must end before it is an incident of its own. */
export const longestPauseMs = 7 * 86_400_000;

/** A pause in force. */
export interface PauseInForce {
  /** Of event types: the outbox; of channels: `State`. */
  readonly place: string;
  readonly name: string;
  readonly reason: string;
  readonly pausedBy: string;
  readonly pausedAt: Date;
  readonly endsAt: Date;
}

interface Places {
  readonly pool: Pool;
  readonly outboxes: OutboxPools;
}

interface Changed {
  /** Where something was changed: outboxes, or `State`. */
  readonly places: readonly string[];
  readonly away: readonly OutboxAway[];
}

/** Holds it back for so many milliseconds, or for so long from now on where it is held back already. */
export function pause(places: Places, target: PauseTarget, of: { forMs: number; act: Act }): Promise<Changed> {
  const { forMs, act } = of;
  const values = (name: string) => [name, act.reason, act.actor, forMs];
  return target.kind === 'channel'
    ? change(places, target, act, sql.pauseChannel, [values(target.channel)])
    : change(places, target, act, sql.pauseType, target.types.map(values));
}

/** Lets it go on. */
export function resume(places: Places, target: PauseTarget, act: Act): Promise<Changed> {
  if (target.kind === 'channel') return change(places, target, act, sql.resumeChannels, [[[target.channel]]]);
  const types = target.types.includes(sql.everyType) ? null : target.types;
  return change(places, target, act, sql.resumeTypes, [[types]]);
}

/** Where event types wait all the same after one of them was resumed, since a person has paused all: names of outboxes. */
export async function allPausedIn(places: Places, { kind }: PauseTarget): Promise<readonly string[]> {
  if (kind === 'channel') return [];
  const { pauses } = await pausesInForce(places);
  return pauses.filter(({ name }) => name === sql.everyType).map(({ place }) => place);
}

/** `every event type is paused in content: npx nova resume all`. @param inPlaces at least one */
export const allPausedText = (inPlaces: readonly string[], { outboxes }: Pick<Places, 'outboxes'>): string =>
  `every event type is paused${outboxes.names.length > 1 ? ` in ${inPlaces.join(', ')}` : ''}: npx nova resume all`;

/** All statements of a place and its act in one transaction. */
async function change(
  { pool, outboxes }: Places,
  { kind }: PauseTarget,
  act: Act,
  statement: string,
  calls: readonly unknown[][],
): Promise<Changed> {
  const inPlace = (database: Pool) =>
    doing(database, act, async (client) => {
      const ids: string[] = [];
      for (const values of calls)
        ids.push(...(await client.query<{ name: string }>(statement, values)).rows.map(({ name }) => name));
      return { value: ids.length, ids };
    });
  if (kind === 'channel') return { places: (await inPlace(pool)) > 0 ? ['State'] : [], away: [] };
  const { said, away } = await askEach(outboxes, inPlace);
  return { places: said.flatMap(({ outbox, value }) => (value > 0 ? [outbox] : [])), away };
}

/** What people hold back now. */
export async function pausesInForce({ pool, outboxes }: Places): Promise<{
  readonly pauses: readonly PauseInForce[];
  readonly away: readonly OutboxAway[];
}> {
  type Row = Omit<PauseInForce, 'place'>;
  const { said, away } = await askEach(outboxes, async (outbox) => (await outbox.query<Row>(sql.pausesOfTypes)).rows);
  const channels = (await pool.query<Row>(sql.pausesOfChannels)).rows.map((row) => ({ place: 'State', ...row }));
  const types = said.flatMap(({ outbox, value }) => value.map((row) => ({ place: outbox, ...row })));
  return { pauses: [...types, ...channels], away };
}

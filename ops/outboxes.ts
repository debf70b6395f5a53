import { type Pool } from 'pg';
import { rowsWithIds } from '../outbox/operators.sql';
import { oneLine, toError } from '../runtime/errors';
import { OutboxPools } from '../runtime/outbox-pools';
import { type OutboxConfig, isInState, outboxesOf } from '../runtime/outboxes';
import { type ServerSettings, placeOf, withSetting } from '../runtime/which-setting';
import { within } from '../runtime/within';

/** An outbox that could not be asked, and why. */
export interface OutboxAway {
  readonly outbox: string;
  readonly why: string;
}

/** What the outboxes say, in their order; and which said nothing. */
export interface Asked<T> {
  readonly said: readonly { readonly outbox: string; readonly value: T }[];
  readonly away: readonly OutboxAway[];
}

/** What an outbox failed with that was the only one to ask. */
export class OutboxFault extends Error {
  constructor(
    readonly outbox: string,
    override readonly cause: unknown,
  ) {
    super(oneLine(cause, 1_000), { cause });
  }
}

/** No outbox is waited for longer than this, milliseconds: a person waits, and the others have replied. */
const patienceMs = 12_000;

/**
 * Asks all outboxes at once, each for a bounded time. One that fails is named and does not keep the others from being heard.
 * @throws OutboxFault when there is only one to ask
 */
export async function askEach<T>(
  outboxes: OutboxPools,
  ask: (pool: Pool, outbox: string) => Promise<T>,
): Promise<Asked<T>> {
  const late = () => new Error(`no reply within ${patienceMs / 1_000} s`);
  const said: { outbox: string; value: T }[] = [];
  const away: OutboxAway[] = [];
  await Promise.all(
    outboxes.names.map(async (outbox) => {
      try {
        said.push({ outbox, value: await within(patienceMs, ask(outboxes.of({ outbox }), outbox), late) });
      } catch (thrown) {
        if (outboxes.names.length === 1) throw new OutboxFault(outbox, thrown);
        away.push({ outbox, why: oneLine(toError(thrown)) });
      }
    }),
  );
  const place = ({ outbox }: { readonly outbox: string }) => outboxes.names.indexOf(outbox);
  const byPlace = (a: { readonly outbox: string }, b: { readonly outbox: string }) => place(a) - place(b);
  return { said: said.sort(byPlace), away: away.sort(byPlace) };
}

/** Only the outboxes of these names. @throws NovaError UNKNOWN_OUTBOX */
export function those(outboxes: OutboxPools, names: Iterable<string>): OutboxPools {
  return new OutboxPools(new Map([...names].map((outbox) => [outbox, outboxes.of({ outbox })])));
}

/** All but these, which have just failed to reply. */
export function without(outboxes: OutboxPools, away: readonly OutboxAway[]): OutboxPools {
  return those(
    outboxes,
    outboxes.names.filter((name) => !away.some(({ outbox }) => outbox === name)),
  );
}

/** Where rows of some events are. */
export interface Located {
  /** Ids by outbox; with one outbox all of them, whether there is a row or not. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  /** Ids, as they were given, that no command may touch as they are, and why. */
  readonly refused: readonly { readonly id: string; readonly why: string }[];
  /** Ids, as they were given, without a row in any outbox that could be asked. */
  readonly missing: readonly string[];
  readonly away: readonly OutboxAway[];
}

/** Looks for the rows of these events in all outboxes. An id with rows in two of them is refused: a person must name one. */
export async function locate(outboxes: OutboxPools, given: readonly string[]): Promise<Located> {
  const [only, ...others] = outboxes.names;
  if (only !== undefined && (others.length === 0 || given.length === 0))
    return { ids: new Map([[only, given]]), refused: [], missing: [], away: [] };
  const wanted = given.map((id) => id.toLowerCase());
  const { said, away } = await askEach(outboxes, async (pool) => {
    const { rows } = await pool.query<{ id: string }>(rowsWithIds, [wanted]);
    return new Set(rows.map(({ id }) => id));
  });
  const ids = new Map<string, string[]>();
  const refused: { id: string; why: string }[] = [];
  const missing: string[] = [];
  for (const id of given) {
    const holders = said.flatMap(({ outbox, value }) => (value.has(id.toLowerCase()) ? [outbox] : []));
    const [holder] = holders;
    if (holder === undefined) missing.push(id);
    else if (holders.length > 1) refused.push({ id, why: inSeveral(holders) });
    else ids.set(holder, [...(ids.get(holder) ?? []), id]);
  }
  return { ids, refused, missing, away };
}

const inSeveral = (holders: readonly string[]): string =>
  `it has rows in the outboxes ${holders.join(' and ')}, of which one is a duplicate: name the one that is meant with --outbox`;

/** Why there is nothing to do for an id without a row. */
export function noRowText(away: readonly OutboxAway[]): string {
  const gone = 'it has no outbox row: it was never committed, or its partition is gone';
  if (away.length === 0) return gone;
  return `it has no row in the outboxes that reply; ${away.map(({ outbox }) => outbox).join(', ')} could not be asked`;
}

/** `content at 10.0.0.7:5432/content (OUTBOXES)` */
export function outboxPlace(name: string, config: OutboxConfig): string {
  const outbox = outboxesOf(config).find((one) => one.name === name);
  return outbox === undefined ? name : `${name} at ${placeOf(outbox.url)} (OUTBOXES)`;
}

/** What the only outbox that a command asked failed with, and the setting that leads there. */
export function outboxFaultText({ outbox, cause }: OutboxFault, config: OutboxConfig & ServerSettings): string {
  const setting = outboxesOf(config).find(({ name }) => name === outbox);
  const isOurs = setting === undefined || isInState(setting, config);
  return isOurs ? withSetting(cause, config) : `outbox ${outboxPlace(outbox, config)}: ${oneLine(cause, 1_000)}`;
}

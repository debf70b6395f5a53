import { definitionOf, spellingsOf } from '../../contracts/catalogue';
import { groups as selectGroups } from '../../outbox/dead-letters.sql';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type OutboxAway, askEach } from '../outboxes';

/** Dead letters that failed alike: one cause, most likely. */
export interface LetterGroup {
  readonly outbox: string;
  readonly code: string;
  readonly eventType: string;
  /** The first line of the reason; ids are `<id>`, numbers `#`. */
  readonly reason: string;
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
  /** The newest of them. */
  readonly example: string;
}

export interface LetterFilter {
  readonly code?: string;
  readonly type?: string;
}

/** Every accepted spelling of a type; of one that no catalogue has, itself. */
export const spellingsWanted = (type: string | undefined): readonly string[] | null => {
  if (type === undefined) return null;
  const known = definitionOf(type);
  return known === undefined ? [type] : spellingsOf(known.type);
};

/** The dead letters of all outboxes by outbox, code, type and shape of the reason, the largest groups first. */
export async function groupsOf(
  outboxes: OutboxPools,
  { code, type, limit }: LetterFilter & { readonly limit: number },
): Promise<{ readonly groups: readonly LetterGroup[]; readonly away: readonly OutboxAway[] }> {
  const { said, away } = await askEach(outboxes, async (pool, outbox) => {
    const values = [code ?? null, spellingsWanted(type), limit];
    const { rows } = await pool.query<Omit<LetterGroup, 'outbox'>>(selectGroups, values);
    return rows.map((row): LetterGroup => ({ outbox, ...row }));
  });
  const found = said.flatMap(({ value }) => value).sort((a, b) => b.count - a.count);
  return { groups: found.slice(0, limit), away };
}

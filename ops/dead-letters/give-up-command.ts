import { type Command } from 'commander';
import { mainOutbox } from '../../contracts/outbox-name';
import { type ConfigOf } from '../../runtime/config';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { type Act, actOf } from '../acts/acts';
import { mayGo } from '../terminal/confirm';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { type GiveUpPlan, type GiveUpRequest, giveUpRows, planGiveUp } from './give-up';
import { checkedIds, limitFrom, outboxOption } from '../terminal/option-values';
import { type OutboxAway, askEach, locate, noRowText, without } from '../outboxes';

interface GiveUpOptions {
  readonly outbox?: string;
  readonly type?: string;
  readonly limit: string;
  readonly reason?: string;
  readonly yes: boolean;
  readonly json?: boolean;
}

interface PlanOfOutboxes extends GiveUpPlan {
  readonly rows: readonly { readonly id: string; readonly eventType: string; readonly outbox: string }[];
}

/** The same over all outboxes; the limit counts for all of them together. */
async function planAnywhere(
  outboxes: OutboxPools,
  { ids, type, limit }: GiveUpRequest,
): Promise<{ readonly plan: PlanOfOutboxes; readonly away: readonly OutboxAway[] }> {
  const located = await locate(outboxes, ids);
  const { said, away } = await askEach(without(outboxes, located.away), (pool, outbox) =>
    planGiveUp(pool, { ids: located.ids.get(outbox) ?? [], type, limit }),
  );
  const byId = new Set(ids.map((id) => id.toLowerCase()));
  const rows = said.flatMap(({ outbox, value }) => value.rows.map((row) => ({ ...row, outbox })));
  const ofType = rows.filter(({ id }) => !byId.has(id));
  const plan = {
    rows: [...rows.filter(({ id }) => byId.has(id)), ...ofType.slice(0, limit)],
    more: ofType.length > limit || said.some(({ value }) => value.more),
    refused: [
      ...located.refused,
      ...said.flatMap(({ value }) => value.refused),
      ...located.missing.map((id) => ({ id, why: noRowText(located.away) })),
    ],
  };
  return { plan, away: [...located.away, ...away] };
}

/**
 * Plans, asks (or takes --yes), and gives up. Exit code 1 when a row that was named or found is not given up. Returns the
 * outboxes that could not be asked.
 */
async function giveUpCommand(
  { outboxes, actor }: Pick<Connections, 'outboxes' | 'actor'>,
  ids: readonly string[],
  options: GiveUpOptions,
): Promise<readonly OutboxAway[]> {
  const { type = null, reason, yes, json } = options;
  const limit = limitFrom(options.limit);
  if (ids.length === 0 && type === null) throw new Error('give up what? Name event ids, or --type <spelling>');
  const { plan, away } = await planAnywhere(outboxes, { ids, type, limit });
  if (json !== true) console.log(planText(plan));
  const question = `give up ${plan.rows.length} rows?`;
  const go = plan.rows.length > 0 && (await mayGo(question, { yes, json }));
  const act = actOf({
    actor,
    command: 'give-up',
    reason,
    planned: plan.rows.length,
    details: type === null ? {} : { type },
  });
  const givenUp = go ? await giveUpAnywhere(outboxes, plan, act) : [];
  if (json === true) console.log(JSON.stringify({ plan, givenUp }));
  else if (go) console.log(`given up ${givenUp.length}; npx nova requeue makes them pending again`);
  const left = plan.rows.length - givenUp.length;
  if (go && left > 0 && json !== true)
    console.log(`${left} are in the hands of a bridge, or no longer pending: repeat`);
  if (left + plan.refused.length > 0 || plan.rows.length === 0) process.exitCode = 1;
  return away;
}

async function giveUpAnywhere(outboxes: OutboxPools, { rows }: PlanOfOutboxes, act: Act): Promise<string[]> {
  const givenUp: string[] = [];
  for (const outbox of outboxes.names) {
    const theirs = rows.filter((row) => row.outbox === outbox).map(({ id }) => id);
    if (theirs.length > 0) givenUp.push(...(await giveUpRows(outboxes.of({ outbox }), theirs, act)));
  }
  return givenUp;
}

function planText({ rows, more, refused }: PlanOfOutboxes): string {
  const counts = new Map<string, number>();
  for (const { eventType, outbox } of rows) {
    // A type's name is whatever a writer put there.
    const text = `${JSON.stringify(eventType)}${outbox === mainOutbox ? '' : ` in the outbox ${outbox}`}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [
    ...refused.map(({ id, why }) => `${id} not given up: ${why}`),
    ...[...counts].map(([type, count]) => `${count} pending rows of the unknown type ${type}`),
    ...(more ? ['there are more of them than --limit'] : []),
    ...(rows.length === 0 ? ['no pending row to give up'] : []),
  ].join('\n');
}

/** `nova give-up` */
export function addGiveUpCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('give-up [event-id...]')
    .description(
      'make pending rows of an event type that no version knows (misspelt) dead letters now, instead of after OUTBOX_UNKNOWN_TYPE_HOURS',
    )
    .option('--type <spelling>', 'every pending row of this type, spelt as the rows have it')
    .option('--limit <n>', 'with --type: at most', '1000')
    .option('--reason <text>', 'why, kept with the dead letters')
    .option('--yes', 'do not ask', false)
    .option('--json', 'one object: plan and givenUp; does not ask, needs --yes to give anything up')
    .option(...outboxOption)
    .action(async (ids: string[], options: GiveUpOptions) => {
      checkedIds(ids);
      incomplete(await withConnections(config(), (of) => giveUpCommand(of, ids, options), options.outbox));
    });
}

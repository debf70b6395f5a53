import { type Pool } from 'pg';
import { type Logger } from '../../runtime/logger';
import { type OutboxPools } from '../../runtime/outbox-pools';
import { stateHousekeepingChore } from './chores';
import { endDeliveries } from './end-deliveries';
import { expireLedgers } from './expire-ledgers';
import { type KeepDays } from './ledgers';
import { OutboxContent, type Silence, halfWayOut } from './outbox-content';
import { logDeleted } from './outbox-housekeeping';
import { type OpenRuns } from './partitions';
import { type StepOptions, type TurnOptions, turnOfSteps } from './turn-of-steps';

/** Of State. No statement reaches further than its database; outboxes are asked which rows they still have. */
export interface StateHousekeepingDeps {
  readonly state: Pool;
  /** All there are, whichever of them this process serves: what belongs to an outbox that is not here goes by its age. */
  readonly outboxes: OutboxPools;
  readonly logger: Logger;
  /** Who does it, for people. */
  readonly holder: string;
  readonly retentionDays: number;
  readonly keepDays: KeepDays;
  readonly openRuns: () => Promise<OpenRuns>;
  /** Asks Temporal about the run of one event. */
  readonly isOpen: (eventId: string) => Promise<boolean>;
}

/** What one turn found and did; kept in `chores.report` of State. */
export interface StateReport {
  /** Deliveries of runs that have ended: of unknown outcome, and never sent. Examples are event ids. */
  readonly ended: { readonly unknown: number; readonly skipped: number; readonly examples: readonly string[] };
  /** Rows deleted, by table. */
  readonly expired: Record<string, number>;
  /** Why what belongs to events stays: outboxes of which it is not known what they have. */
  readonly silent: Silence;
  /** All outboxes, asked or silent. */
  readonly outboxes: readonly string[];
  readonly more: boolean;
}

type Draft = { -readonly [K in keyof StateReport]: StateReport[K] };
type Step = (deps: StateHousekeepingDeps, report: Draft, options: StepOptions) => Promise<void>;

/** For so long an outbox counts as one of the deployment when a process does not name it any more. */
const forgottenAfterDays = 7;

const outboxesOfLastTurn = `
  SELECT outbox.name FROM nova.chores c, jsonb_array_elements_text(c.report -> 'outboxes') AS outbox (name)
  WHERE c.name = '${stateHousekeepingChore}' AND c.last_done_at > clock_timestamp() - interval '${forgottenAfterDays} days'`;

/**
 * One turn at State. Returns undefined when it was not our turn.
 * @throws the first failure, after the turn's end is written; an error that names the outbox when this process does not know one
 * that the last turn asked
 */
export async function keepState(deps: StateHousekeepingDeps, options: TurnOptions): Promise<StateReport | undefined> {
  await refuseWithout(deps);
  const report: Draft = {
    ended: { unknown: 0, skipped: 0, examples: [] },
    expired: {},
    silent: {},
    outboxes: deps.outboxes.names,
    more: false,
  };
  const steps: Step[] = [endRest, expireRest];
  const ours = await turnOfSteps(
    { database: deps.state, name: stateHousekeepingChore, holder: deps.holder },
    options,
    steps.map((step) => (given) => step(deps, report, given)),
    () => ({ report, soon: report.more || Object.values(report.silent).includes(halfWayOut) }),
  );
  return ours ? report : undefined;
}

/**
 * A process with a shorter list would take what belongs to the other outboxes for orphans, and delete what a replay needs in order not to
 * send twice.
 */
async function refuseWithout({ state, outboxes }: StateHousekeepingDeps): Promise<void> {
  const { rows } = await state.query<{ name: string }>(outboxesOfLastTurn);
  const missing = rows.map(({ name }) => name).filter((name) => !outboxes.names.includes(name));
  if (missing.length === 0) return;
  throw new Error(
    `OUTBOXES of this process does not name ${missing.join(', ')}, which the housekeeping of State asked within ${forgottenAfterDays} days: it is left to processes that name every outbox`,
  );
}

async function endRest(deps: StateHousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const { state, retentionDays, isOpen, logger } = deps;
  const { more, ...ended } = await endDeliveries(state, {
    ...{ retentionDays, isOpen, between },
    openRuns: await deps.openRuns(),
  });
  report.ended = ended;
  report.more ||= more;
  if (ended.unknown + ended.skipped > 0)
    logger.warn({ ...ended }, 'deliveries of runs that have ended: unknown were claimed, skipped were never sent');
}

async function expireRest(deps: StateHousekeepingDeps, report: Draft, { between }: StepOptions): Promise<void> {
  const { state, outboxes, retentionDays, keepDays, logger } = deps;
  const { rows, silence, more } = await expireLedgers(state, new OutboxContent(outboxes), {
    ...{ retentionDays, keepDays, between },
  });
  report.expired = { ...rows };
  report.silent = silence;
  report.more ||= more;
  logDeleted(logger, report);
  for (const [outbox, why] of Object.entries(silence))
    logger.warn({ outbox }, `what belongs to events is kept: outbox ${outbox} ${why}`);
}

import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cleanup } from '../../proof/run/cleanup';
import { type Steps } from '../../proof/run/steps';
import { thousands as n } from '../../proof/report/thousands';
import { seconds } from '../../dev/stack/reporter';
import { prove, type Proof } from './proof/prove';
import { settleChaos } from './proof/settle';
import { type CommandLine } from './options';
import { repairRestored } from './repair/repair-restored';
import { type ChaosSummary, faultRows, holds } from './report/summary';
import { named } from './report/table';
import { dealableHere, type Dealable } from './schedule/dealable';
import { planSchedule } from './schedule/plan';
import { type FaultEvent, runSchedule } from './schedule/run';
import { burstSizeOf } from './traffic/bursts';
import { countBooks, type Books } from './traffic/books';
import { type PreparedTraffic, prepareTraffic } from './traffic/prepare';
import { runTraffic, type TrafficProgress } from './traffic/run-traffic';
import { longestOf, type Standstill, standstillRow, standstillsOf } from './traffic/standstill';
import { type ChaosWorld, type FaultRecord, type ProofRow } from './types';
import { createWorld } from './world/create-world';

interface Show {
  readonly steps: Steps;
  /** How often the state is shown, milliseconds. */
  readonly detailEveryMs: number;
  readonly interrupted: AbortSignal;
}

/** The whole run, up to its result. Everything that must be undone is in `cleanup`, whatever happens. */
export async function runChaos(options: CommandLine, show: Show, cleanup: Cleanup): Promise<ChaosSummary> {
  const begunAt = performance.now();
  const { steps, interrupted } = show;
  const dealable = dealableHere(planSchedule(options));
  const world = await bringUp(dealable, options, show, cleanup);
  const prepared = await steps.run(
    'people',
    'the social graph and the first people',
    () => prepareTraffic(world, options.seed, interrupted),
    ({ graph }) => `${n(graph.people)} people`,
  );
  const {
    faults,
    books: written,
    standstills,
  } = await underFire({ ...options, plan: dealable.plan }, world, prepared, show);
  const calmAt = performance.now();
  const books = world.restores.length === 0 ? written : await repair(options, world, prepared, show);
  const settled = await steps.run(
    'settle',
    'everything that follows from it',
    (detail) => {
      const say = sparingly(show.detailEveryMs, detail);
      return settleChaos({ world, interrupted, onLook: (missing) => say(`still ${missing.join(', ') || 'nothing'}`) });
    },
    ({ missing }) =>
      missing.length === 0 ? 'nothing is pending, no workflow is open' : `gave up: ${missing.join(', ')}`,
  );
  const settleMs = performance.now() - calmAt;
  const proved = await steps.run(
    'proof',
    'what the servers say, against the books of the writers',
    (detail) => prove({ world, books, faults, detail }),
    ({ rows }) => `${rows.filter(({ violations }) => violations === 0).length} of ${rows.length} promises held`,
  );
  const { leftOut } = dealable;
  return summaryOf(options, { world, leftOut, books, faults, standstills, settled, settleMs, proved, begunAt });
}

function bringUp(
  { plan, leftOut }: Dealable,
  { together }: CommandLine,
  { steps, interrupted }: Show,
  cleanup: Cleanup,
): Promise<ChaosWorld> {
  return steps.run(
    'world',
    `servers${together ? '' : ', five outboxes'}, faulty network, three bridges, two workers`,
    async (detail) => {
      for (const what of leftOut) detail(`left out: ${what}`);
      const onDeath = ({ process, what }: { process: string; what: string }) => detail(`✘ ${process}: ${what}`);
      const world = await createWorld({ plan, together, detail, onDeath, signal: interrupted });
      cleanup.add('the world', () => world.close());
      return world;
    },
    ({ folder }) => `servers, faulty network, three bridges, two workers; logs in ${folder}`,
  );
}

/** What the runbook says of outboxes that went back to an earlier moment. Returns the books with what it needed to write. */
function repair(
  { seed }: CommandLine,
  world: ChaosWorld,
  { books }: PreparedTraffic,
  { steps, interrupted }: Show,
): Promise<Books> {
  const outboxes = [...new Set(world.restores.map(({ outbox }) => outbox))].join(', ');
  return steps.run(
    'repair',
    `what the restore of ${outboxes} left, by the runbook`,
    (detail) => repairRestored({ world, books, seed, interrupted, detail }),
    () => `the audit names nothing more of ${outboxes}`,
  );
}

/** At most one text per so many milliseconds; those in between are dropped. */
function sparingly(everyMs: number, say: (text: string) => void): (text: string) => void {
  let saidAt = -Infinity;
  return (text) => {
    if (performance.now() - saidAt < everyMs) return;
    saidAt = performance.now();
    say(text);
  };
}

/** Traffic and faults side by side, until the schedule is over. */
async function underFire(
  { plan, ...options }: Omit<CommandLine, 'plan'> & Pick<Dealable, 'plan'>,
  world: ChaosWorld,
  prepared: PreparedTraffic,
  { steps, detailEveryMs, interrupted }: Show,
): Promise<{ faults: FaultRecord[]; books: Books; standstills: Standstill[] }> {
  return steps.run(
    'faults',
    `${plan.length} faults in ${options.minutes} minutes`,
    async (detail) => {
      const over = new AbortController();
      const state = new LiveState(plan.length, performance.now() + options.minutes * 60_000);
      const showing = setInterval(() => detail(state.line()), detailEveryMs);
      const until = AbortSignal.any([interrupted, over.signal]);
      // Every writer and every recovery waits with them at once: that is no leak.
      setMaxListeners(0, until, interrupted);
      const wholeTime = pause(options.minutes * 60_000, undefined, { signal: interrupted }).catch(() => undefined);
      const onProgress = (progress: TrafficProgress) => (state.traffic = progress);
      const { seed, rate } = options;
      const fromMs = Date.now();
      const traffic = runTraffic({
        world,
        prepared,
        seed,
        rate,
        burstSize: burstSizeOf(options),
        until,
        onProgress,
      });
      try {
        const dealing = runSchedule(plan, world, { onFault: (event) => state.heard(event), signal: interrupted });
        // Writers that fail are a mistake of the run itself: do not deal faults to nothing for an hour.
        await Promise.race([wholeTime, traffic]);
        const untilMs = Date.now();
        over.abort();
        // The last faults may take longer than planned to end, and their recovery is waited for.
        const [faults, books] = [await dealing, await traffic];
        return { faults, books, standstills: standstillsOf({ books, faults, fromMs, untilMs }) };
      } finally {
        over.abort();
        clearInterval(showing);
        await traffic.catch(() => undefined);
        interrupted.throwIfAborted();
      }
    },
    ({ faults, books }) => `${faults.length} faults, ${n(countBooks(books).committed)} events committed`,
  );
}

/** What goes on now, for people. */
class LiveState {
  traffic: TrafficProgress = { committed: 0, inDoubt: 0 };
  private readonly now = new Set<string>();
  private done = 0;
  private slowestMs = 0;

  constructor(
    private readonly planned: number,
    private readonly endsAt: number,
  ) {}

  heard(event: FaultEvent): void {
    const name = `${named(event.fault.target, event.fault.index)} ${event.fault.kind}`;
    if (event.what === 'began') this.now.add(name);
    if (event.what === 'ended') this.done += Number(this.now.delete(name));
    if (event.what === 'recovered') this.slowestMs = Math.max(this.slowestMs, event.recoveredMs);
  }

  line(): string {
    const left = Math.max(0, this.endsAt - performance.now());
    const harmed = this.now.size === 0 ? 'calm' : [...this.now].join(', ');
    const counts = `fault ${this.done}/${this.planned} · ${n(this.traffic.committed)} events`;
    return `${counts} · slowest recovery ${seconds(this.slowestMs)} · ${seconds(left)} left · ${harmed}`;
  }
}

interface Outcome {
  readonly world: ChaosWorld;
  readonly leftOut: readonly string[];
  readonly books: Books;
  readonly faults: readonly FaultRecord[];
  readonly standstills: readonly Standstill[];
  readonly settled: { readonly missing: readonly string[] };
  readonly settleMs: number;
  readonly proved: Proof;
  readonly begunAt: number;
}

function summaryOf({ minutes, seed, rate, together, only }: CommandLine, outcome: Outcome): ChaosSummary {
  const { world, leftOut, books, standstills, settled, settleMs, proved, begunAt } = outcome;
  const faults = outcome.faults.filter((record) => record.leftOut === undefined);
  const notDealt = outcome.faults.flatMap(({ fault, leftOut: why }) =>
    why === undefined ? [] : [`${named(fault.target, fault.index)} ${fault.kind}: ${why}`],
  );
  const proof = [...proved.rows, standstillRow(standstills, rate), alive(world, faults)];
  const { committed, rolledBack, inDoubt } = countBooks(books);
  return {
    ok: holds(proof, settled.missing),
    minutes,
    seed,
    rate,
    together,
    ...(only === undefined ? {} : { only }),
    committed,
    rolledBack,
    inDoubt,
    longestStandstill: longestOf(standstills),
    proof,
    faults: faultRows(faults),
    stalls: proved.stalls,
    outboxes: proved.outboxes,
    notes: [...proved.notes, ...[...leftOut, ...notDealt].map((what) => `left out: ${what}`)],
    unsettled: settled.missing,
    settleMs,
    totalMs: performance.now() - begunAt,
    folder: world.folder,
  };
}

/** Nothing may end that no fault ended, and every fault must have been dealt and ended as planned. */
function alive({ deaths }: ChaosWorld, faults: readonly FaultRecord[]): ProofRow {
  const troubles = faults.flatMap(({ fault, trouble }) =>
    trouble === undefined ? [] : [`${named(fault.target, fault.index)} ${fault.kind}: ${trouble}`],
  );
  const died = deaths.map(({ process, what, logFile }) => `${process}: ${what} (${logFile})`);
  return {
    promise: 'processes that died by themselves, faults that did not end',
    violations: died.length + troubles.length,
    examined: faults.length,
    examples: [...died, ...troubles].slice(0, 10),
  };
}

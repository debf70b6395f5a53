import { Judge } from './judge';
import { Machine } from './machine';
import { type ModelBreaks, type ModelRow } from './model-postgres';
import { ModelTemporal, keyOf } from './model-temporal';
import { type Parts, realParts } from './parts';
import { type Defect, type Fault, type Plan, type PlannedRow, type Server, kinds } from './plan';
import { simulatedOutboxes, uuid } from './simulated-outboxes';
import { Violation } from './violation';
import { VirtualTime } from './virtual-time';
import { Wire, scramble } from './wire';
import { type World, timing } from './world';

/** What is broken on purpose. */
export interface Breaks extends ModelBreaks {
  readonly parts?: Parts;
  readonly wallClock?: boolean;
  readonly marksGoAstray?: boolean;
}

export interface Outcome {
  /** Length of the simulated time, milliseconds. */
  readonly virtualMs: number;
  readonly rows: number;
  readonly claims: number;
}

/** Once nothing goes wrong any more, everything must have come to an end within this time. */
const drainMs = 300_000;
/**
 * The last unheard call is given up, and what it left is found by the next poll; from there the pauses of a pacer grow from their least to
 * their longest, which takes three of the longest.
 */
const restMs = ({ pollMaxMs }: Plan): number => timing.queryMs + 5_000 + 4 * pollMaxMs;

/**
 * Runs the bridges of a plan against the models, from the first transaction to the last row's end, in virtual time.
 * @throws Violation when a promise is broken
 */
export async function simulate(plan: Plan, breaks: Breaks = {}, traceTo?: string[]): Promise<Outcome> {
  const random = Math.random;
  let draws = plan.latencySeed;
  // The one thing in the bridge that is drawn and not injected: the breath of a busy row.
  Math.random = () => scramble(++draws) / 0x1_0000_0000;
  try {
    return await run(plan, breaks, traceTo);
  } finally {
    Math.random = random;
  }
}

async function run(plan: Plan, breaks: Breaks, traceTo: string[] | undefined): Promise<Outcome> {
  const time = new VirtualTime();
  const now = (): number => time.nowMs;
  const trace = (line: () => string): void => void traceTo?.push(`${String(time.nowMs).padStart(7)} ${line()}`);
  const planned = new Map<string, PlannedRow>();
  const parts = breaks.parts ?? realParts;
  const defectOf: World['defectOf'] = (row) => planned.get(keyOf(row))?.defect ?? 'none';
  const peace = { atMs: Infinity };
  const isOn = (fault: Fault): boolean =>
    'forMs' in fault && fault.atMs <= now() && now() < Math.min(peace.atMs, fault.atMs + fault.forMs);
  const temporal: ModelTemporal = new ModelTemporal({
    ...{ now, client: parts, retentionMs: timing.retentionMs },
    treatmentOf: (row) => ({ refusals: refusals[defectOf(row)], runMs: planned.get(keyOf(row))?.runMs ?? 0 }),
    weather: (eventType) => {
      const hit = plan.faults.find(
        (fault) =>
          isOn(fault) && (fault.at === 'busy' || (fault.at === 'environment' && kinds[fault.kind] === eventType)),
      );
      if (hit === undefined) return undefined;
      const code = hit.at === 'busy' ? 'TEMPORAL_BUSY' : 'SEARCH_ATTRIBUTE_MISSING';
      return { kind: 'failed', code, detail: 'as planned' };
    },
    onStart: (row) => judge.starts(row),
  });
  const outboxes = simulatedOutboxes(plan.outboxes, {
    ...{ time, breaks, planned, trace },
    plantForeign: (id) => temporal.plantForeign(id),
    rolledBack: (outbox, rows) => judge.rolledBack(outbox, rows),
  });
  const judge = new Judge(outboxes, () => temporal, defectOf, now, timing);
  /** Of a plan with an outbox that is away; undefined: none is now. */
  let away: { readonly server: Server; readonly how: 'refuses' | 'hangs' } | undefined;
  const wire = new Wire(
    time,
    plan.faults,
    plan.latencySeed,
    (server) => {
      if (away?.server === server) return away.how;
      const down = plan.faults.find((fault) => fault.at === 'server' && fault.server === server && isOn(fault));
      return down?.at === 'server' ? down.how : 'up';
    },
    trace,
  );
  const { wallClock = false, marksGoAstray = false } = breaks;
  const world: World = {
    time,
    outboxes,
    temporal,
    judge,
    wire,
    plan,
    defectOf,
    parts,
    wallClock,
    marksGoAstray,
    trace,
  };
  const machines = Array.from({ length: plan.bridges }, (_, i) => new Machine(world, i));
  for (const { atMs, outbox, ...transaction } of plan.transactions) {
    const rows = transaction.rows.map((write) => ({ aggregateId: uuid(2, write.aggregate), write }));
    time.after(atMs, () => outboxes[outbox % outboxes.length]?.writers.begin({ ...transaction, rows }));
  }
  const inWar = (work: () => void) => (): void => void (peace.atMs === Infinity && work());
  for (const fault of plan.faults) planFault(world, machines, fault, inWar);
  for (const machine of machines) machine.boot();

  const lastFaultMs = Math.max(0, ...plan.faults.map((fault) => fault.atMs + ('forMs' in fault ? fault.forMs : 0)));
  const lastWriteMs = Math.max(...plan.transactions.map(({ atMs }) => atMs));
  const writesMs = plan.transactions.reduce((sum, { holdMs }) => sum + holdMs, lastWriteMs);
  const endMs = Math.max(lastFaultMs, writesMs) + drainMs;
  const isLeft = outboxes[(plan.away?.outbox ?? 0) % outboxes.length];
  if (plan.away !== undefined && isLeft !== undefined && outboxes.length > 1) {
    const { atMs, how } = plan.away;
    time.after(atMs, () => (away = { server: isLeft.server, how }));
  }
  await time.run(() => false, Math.max(Math.min(writesMs, 8_000), plan.away?.atMs ?? 0));
  const isDrained = (some: World['outboxes']) => (): boolean =>
    now() > lastWriteMs && some.every(({ writers, postgres }) => writers.open === 0 && postgres.pending().length === 0);
  if (away !== undefined) {
    const others = outboxes.filter((outbox) => outbox !== isLeft);
    if (!(await time.run(isDrained(others), endMs)))
      throw new Violation(`rows of ${others[0]?.name} wait for the database of ${isLeft?.name}, which is away`);
    away = undefined;
  }
  await time.run(isDrained(outboxes), Math.max(endMs, now() + drainMs));
  judge.atTheEnd();
  // Nothing is left that a fault could harm.
  peace.atMs = now();
  wire.makePeace();
  for (const { process } of machines) process?.thaw();
  const claims = await endQuietly(time, machines, plan);
  // What was still on its way arrives.
  await time.run(() => false);
  judge.atTheEnd();
  const rows = outboxes.reduce((sum, { postgres }) => sum + postgres.rows.size, 0);
  return { virtualMs: time.nowMs, rows, claims };
}

/** Idle bridges neither spin nor sleep for good, and stop when they are asked to. */
async function endQuietly(time: VirtualTime, machines: Machine[], plan: Plan): Promise<number> {
  for (let rested = false; !rested;) {
    revive(machines);
    const before = machines.map(({ process }) => process);
    await time.run(() => false, time.nowMs + restMs(plan));
    rested = machines.every(({ process }, i) => process === before[i] && process?.gone === false);
  }
  const total = (): number => machines.reduce((sum, { process }) => sum + (process?.claims ?? 0), 0);
  const before = total();
  const idleMs = plan.pollMaxMs * 4;
  await time.run(() => false, time.nowMs + idleMs);
  const idle = total() - before;
  const loops = machines.reduce((sum, { process }) => sum + (process?.loops ?? 0), 0);
  if (idle > loops * 5) throw new Violation(`idle bridges claimed ${idle} times in ${idleMs} ms: they spin`);
  if (idle < loops) throw new Violation(`idle bridges claimed ${idle} times in ${idleMs} ms: one sleeps`);
  for (const machine of machines) {
    machine.retired = true;
    machine.process?.stop();
  }
  const stopped = await time.run(() => machines.every(({ process }) => process?.gone !== false), time.nowMs + 5_000);
  if (!stopped) throw new Violation('a bridge does not stop');
  return total();
}

/** A graceful stop ends when the slowest call and the leases in hand are over. */
const stopMs = timing.leaseMs + timing.queryMs + timing.callMs;

function planFault(
  { time, trace, outboxes, judge }: World,
  machines: Machine[],
  fault: Fault,
  inWar: (work: () => void) => () => void,
): void {
  const after = (delayMs: number, work: () => void): void => void time.after(delayMs, inWar(work));
  const index = 'bridge' in fault ? fault.bridge % machines.length : 0;
  const machine = machines[index];
  if (fault.at === 'clock') after(fault.atMs, () => machine && (machine.clockStepMs += fault.stepMs));
  if (fault.at === 'restore') {
    const outbox = outboxes[fault.outbox % outboxes.length];
    let restore = (): readonly ModelRow[] => [];
    after(fault.atMs - fault.backMs, () => (restore = outbox?.postgres.moment() ?? restore));
    after(fault.atMs, () => {
      trace(() => `${outbox?.name} is restored to ${fault.backMs} ms before`);
      outbox?.writers.breakDown();
      judge.restored(outbox?.name ?? '', restore());
    });
  }
  if (fault.at === 'bridge') {
    after(fault.atMs, () => {
      trace(() => `bridge ${index}: ${fault.what}`);
      const process = machine?.process;
      if (fault.what === 'freeze') return process?.freeze(fault.forMs);
      if (fault.what === 'crash') return process?.crash(fault.forMs);
      process?.stop();
      after(fault.forMs, () => machine?.boot());
    });
  }
  const endsMs = fault.atMs + ('forMs' in fault ? fault.forMs : 0);
  after(endsMs + stopMs, () => revive(machines));
}

/** The supervisor: a process that is gone is started again. */
function revive(machines: Machine[]): void {
  for (const machine of machines) machine.boot();
}

const refusals: Record<Defect, number> = {
  none: 0,
  invalid: 0,
  foreign: 0,
  'refused-once': 1,
  'refused-twice': 2,
  'refused-always': Infinity,
  deadly: 0,
};

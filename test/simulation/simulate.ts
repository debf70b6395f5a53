import { Bridge } from '../../outbox-bridge/bridge';
import { Judge, Violation } from './judge';
import { Machine, type World, timing } from './machine';
import { type ModelBreaks, ModelPostgres, newRow } from './model-postgres';
import { ModelTemporal } from './model-temporal';
import { ModelWriters } from './model-writers';
import { type Defect, type Fault, type Plan, type PlannedRow, kinds } from './plan';
import { VirtualTime, epochMs } from './virtual-time';
import { Wire, scramble } from './wire';

/** What is broken on purpose. */
export interface Breaks extends ModelBreaks {
  readonly bridgeClass?: typeof Bridge;
  readonly wallClock?: boolean;
}

export interface Outcome {
  /** Length of the simulated time, milliseconds. */
  readonly virtualMs: number;
  readonly rows: number;
  readonly claims: number;
}

/** Once nothing goes wrong any more, everything must have come to an end within this time. */
const drainMs = 300_000;
/** The last unheard call is given up, leases end, pacers come to rest. */
const restMs = timing.queryMs + 5_000;

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
  const defectOf = (id: string): Defect => planned.get(id)?.defect ?? 'none';
  const postgres = new ModelPostgres(now, breaks);
  let peaceMs = Infinity;
  const isOn = (fault: Fault): boolean =>
    'forMs' in fault && fault.atMs <= now() && now() < Math.min(peaceMs, fault.atMs + fault.forMs);
  const temporal: ModelTemporal = new ModelTemporal({
    now,
    retentionMs: timing.retentionMs,
    treatmentOf: (id) => ({ refusals: refusals[defectOf(id)], runMs: planned.get(id)?.runMs ?? 0 }),
    weather: (eventType) => {
      const hit = plan.faults.find(
        (fault) =>
          isOn(fault) && (fault.at === 'busy' || (fault.at === 'environment' && kinds[fault.kind] === eventType)),
      );
      if (hit === undefined) return undefined;
      const code = hit.at === 'busy' ? 'TEMPORAL_BUSY' : 'SEARCH_ATTRIBUTE_MISSING';
      return { kind: 'failed', code, detail: 'as planned' };
    },
    onStart: (id) => judge.starts(id),
  });
  const judge = new Judge(postgres, () => temporal, defectOf, now, timing.retentionGuardMs);
  const server = (port: string) => (port === 'claim' || port === 'settle' ? 'postgres' : 'temporal');
  const wire = new Wire(
    time,
    plan.faults,
    plan.latencySeed,
    (port) => {
      const down = plan.faults.find((fault) => fault.at === 'server' && fault.server === server(port) && isOn(fault));
      return down?.at === 'server' ? down.how : 'up';
    },
    trace,
  );
  const bridgeClass = breaks.bridgeClass ?? Bridge;
  const world: World = {
    time,
    postgres,
    temporal,
    judge,
    wire,
    plan,
    bridgeClass,
    wallClock: breaks.wallClock ?? false,
    trace,
  };
  const machines = Array.from({ length: plan.bridges }, (_, i) => new Machine(world, i));
  const writers = new ModelWriters<PlannedRow>(
    time,
    postgres,
    (row, aggregateId, sequence) => {
      const id = uuid(1, sequence);
      planned.set(id, row);
      if (row.defect === 'foreign') temporal.plantForeign(id);
      const payload = row.defect === 'invalid' ? { nothing: 'that fits' } : payloadOf(row.kind, aggregateId);
      const createdAtMs = epochMs + time.nowMs;
      return newRow({
        id,
        aggregateId,
        eventType: kinds[row.kind]!,
        payload,
        createdAtMs,
        sequence,
        priority: row.kind,
      });
    },
    (rows, committed) => {
      if (!committed) judge.rolledBack(rows);
      trace(() => `${committed ? 'committed' : 'rolled back'}: ${rows.map(about).join(', ')}`);
    },
  );
  for (const { atMs, ...transaction } of plan.transactions) {
    const rows = transaction.rows.map((write) => ({ aggregateId: uuid(2, write.aggregate), write }));
    time.after(atMs, () => writers.begin({ ...transaction, rows }));
  }
  const inWar = (work: () => void) => (): void => void (peaceMs === Infinity && work());
  for (const fault of plan.faults) planFault(world, machines, fault, inWar);
  for (const machine of machines) machine.boot();

  const lastFaultMs = Math.max(0, ...plan.faults.map((fault) => fault.atMs + ('forMs' in fault ? fault.forMs : 0)));
  const lastWriteMs = Math.max(...plan.transactions.map(({ atMs }) => atMs));
  const writesMs = plan.transactions.reduce((sum, { holdMs }) => sum + holdMs, lastWriteMs);
  await time.run(() => false, Math.min(writesMs, 8_000));
  const isDrained = (): boolean => writers.open === 0 && now() > lastWriteMs && postgres.pending().length === 0;
  await time.run(isDrained, Math.max(lastFaultMs, writesMs) + drainMs);
  judge.atTheEnd();
  // Nothing is left that a fault could harm.
  peaceMs = now();
  wire.makePeace();
  for (const { process } of machines) process?.thaw();
  const claims = await endQuietly(time, machines, plan);
  // What was still on its way arrives.
  await time.run(() => false);
  judge.atTheEnd();
  return { virtualMs: time.nowMs, rows: postgres.rows.size, claims };
}

/** Idle bridges neither spin nor sleep for good, and stop when they are asked to. */
async function endQuietly(time: VirtualTime, machines: Machine[], plan: Plan): Promise<number> {
  for (let rested = false; !rested;) {
    revive(machines);
    const before = machines.map(({ process }) => process);
    await time.run(() => false, time.nowMs + restMs);
    rested = machines.every(({ process }, i) => process === before[i] && process?.gone === false);
  }
  const total = (): number => machines.reduce((sum, { process }) => sum + (process?.claims ?? 0), 0);
  const before = total();
  const idleMs = plan.pollMaxMs * 4;
  await time.run(() => false, time.nowMs + idleMs);
  const idle = total() - before;
  if (idle > plan.bridges * 5) throw new Violation(`idle bridges claimed ${idle} times in ${idleMs} ms: they spin`);
  if (idle < plan.bridges) throw new Violation(`idle bridges claimed ${idle} times in ${idleMs} ms: one sleeps`);
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
  { time, trace }: World,
  machines: Machine[],
  fault: Fault,
  inWar: (work: () => void) => () => void,
): void {
  const after = (delayMs: number, work: () => void): void => void time.after(delayMs, inWar(work));
  const index = 'bridge' in fault ? fault.bridge % machines.length : 0;
  const machine = machines[index];
  if (fault.at === 'clock') after(fault.atMs, () => machine && (machine.clockStepMs += fault.stepMs));
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
};

const uuid = (space: number, n: number): string => `0000000${space}-0000-4000-8000-${String(n).padStart(12, '0')}`;

function payloadOf(kind: number, aggregateId: string): Record<string, unknown> {
  const someone = uuid(3, 1);
  return [
    { alert_id: someone, user_id: someone, kind: 'new_login' },
    { message_id: someone, conversation_id: aggregateId, editor_id: someone },
    { follower_id: someone, followee_id: someone },
    { target_id: aggregateId, user_id: someone, emoji: '+' },
  ][kind]!;
}

const about = (row: { id: string; aggregateId: string; eventType: string }): string =>
  `${row.id} of ${row.aggregateId.slice(-2)} (${row.eventType})`;

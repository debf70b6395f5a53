import { needsSecondBroker } from '../schedule/fault-kinds';
import { type BurstKind, type ChaosWorld, type FaultKind, type PlannedFault, everyOne } from '../types';
import { harmOutbox, type HarmedOutboxes } from './harm-outbox';
import { type Links, type ProxiedTarget } from './links';
import { actAsOperator, type OperatorAction, type OperatorTools } from './operator-actions';
import { type ManagedProcess } from './managed-process';
import { type ReleaseBefore } from './release-before';
import { type SecondBroker } from './second-broker';
import { rollBackRelease } from './rolling-upgrade';
import { type ChaosServers } from './servers';
import { type System } from './system';

/** Undoes a fault; resolves when what was harmed is up again. */
type End = () => Promise<void>;

interface Harmed extends HarmedOutboxes {
  readonly servers: ChaosServers;
  readonly links: Links;
  readonly system: System;
  /** What an operator does after Redis was lost. */
  readonly rebuildFeeds: () => Promise<void>;
  readonly wipeRedis: () => Promise<void>;
  readonly operator: OperatorTools;
  /** This and the release before are absent when no fault needs them. */
  readonly secondBroker: SecondBroker | undefined;
  readonly releaseBefore: ReleaseBefore | undefined;
  readonly databaseUrl: string;
  /** Set while the writers write. */
  readonly writers: ChaosWorld['writers'];
}

/** Some hundred milliseconds to each answer of usual size: far above every budget, below most timeouts. */
const slowness = { latencyMs: 150, pieceBytes: 2_048 };

/** A broker that takes a second more for each request: slow, and not away. */
const slowBroker = { replyDelayMs: 1_000 };

/** Deals a fault; the answer ends it. */
export async function dealFault(harmed: Harmed, fault: PlannedFault): Promise<End> {
  const { target } = fault;
  switch (target) {
    case 'bridge':
    case 'workers':
    case 'listeners':
      return harmProcesses(harmed, fault, target);
    case 'pgbouncer':
      return isOfSockets(fault) ? harmSockets(harmed, fault, target) : harmPgBouncer(harmed, fault);
    case 'kafka':
      if (needsSecondBroker(fault)) return harmSecondBroker(harmed, fault);
      return isOfSockets(fault) ? harmSockets(harmed, fault, target) : harmServer(harmed, fault, target);
    case 'outbox':
      return harmOutbox(harmed, fault);
    case 'operator':
      return actAsOperator(fault.kind as OperatorAction, harmed.operator);
    case 'release':
      return rollBackRelease(harmed, fault.kind);
    case 'writers':
      return harmByWriters(harmed, fault);
    case 'redis':
      if (fault.kind === 'rollback') return rollRedisBack(harmed);
      if (fault.kind === 'wipe') {
        await harmed.wipeRedis();
        return harmed.rebuildFeeds;
      }
      return isOfSockets(fault) ? harmSockets(harmed, fault, target) : harmServer(harmed, fault, target);
    case 'postgres':
    case 'temporal':
      return isOfSockets(fault) ? harmSockets(harmed, fault, target) : harmServer(harmed, fault, target);
  }
}

async function harmProcesses(
  { system }: Harmed,
  fault: PlannedFault,
  target: 'bridge' | 'workers' | 'listeners',
): Promise<End> {
  const all = { bridge: system.bridges, workers: system.workers, listeners: system.listeners }[target];
  const harmed = fault.index === everyOne ? all : all.slice(fault.index, fault.index + 1);
  if (harmed.length === 0) throw impossible(fault);
  const each = (work: (process: ManagedProcess) => Promise<void>): Promise<unknown> => Promise.all(harmed.map(work));
  const signalAll = (signal: 'SIGSTOP' | 'SIGCONT') => harmed.forEach((process) => process.signal(signal));
  const startAgain = async () => harmed.forEach((process) => process.start());
  switch (fault.kind) {
    case 'kill':
      await each((process) => process.kill());
      return startAgain;
    case 'restart':
      await each((process) => process.stop());
      return startAgain;
    case 'pause':
      signalAll('SIGSTOP');
      return async () => signalAll('SIGCONT');
    case 'clock-step':
      if (target === 'listeners') throw impossible(fault);
      system.clocks[target].set(fault.stepMs ?? 0);
      return async () => system.clocks[target].set(0);
    default:
      throw impossible(fault);
  }
}

type Server = 'postgres' | 'redis' | 'kafka' | 'temporal';

async function harmServer({ servers }: Harmed, fault: PlannedFault, server: Server): Promise<End> {
  switch (fault.kind) {
    case 'kill':
      await servers.kill(server);
      return () => servers.start(server);
    case 'restart':
      await servers.stop(server);
      return () => servers.start(server);
    case 'pause':
      servers.signal(server, 'SIGSTOP');
      return async () => servers.signal(server, 'SIGCONT');
    default:
      throw impossible(fault);
  }
}

async function harmSecondBroker({ secondBroker }: Harmed, fault: PlannedFault): Promise<End> {
  if (secondBroker === undefined) throw impossible(fault);
  if (fault.kind === 'leader-frozen') {
    secondBroker.signal('SIGSTOP');
    return async () => secondBroker.signal('SIGCONT');
  }
  await secondBroker.kill();
  return () => secondBroker.start();
}

async function harmPgBouncer({ links: { pgBouncer } }: Harmed, fault: PlannedFault): Promise<End> {
  if (fault.kind === 'kill') await pgBouncer.kill();
  else if (fault.kind === 'restart') await pgBouncer.stop();
  else throw impossible(fault);
  return () => pgBouncer.start();
}

/** What the data directory holds now is what Redis comes back with at the end of the fault. */
function rollRedisBack({ servers }: Harmed): Promise<End> {
  return servers.keepData('redis');
}

async function harmByWriters({ writers }: Harmed, { kind }: PlannedFault): Promise<End> {
  const burst = writers.burst?.(kind as BurstKind);
  return async () => burst;
}

const socketFaults = ['slow', 'half-open', 'reset', 'not-found', 'not-active'] as const;

function isOfSockets({ kind }: PlannedFault): boolean {
  return (socketFaults as readonly FaultKind[]).includes(kind);
}

async function harmSockets({ links }: Harmed, { kind }: PlannedFault, target: ProxiedTarget): Promise<End> {
  const proxy = links.proxies[target];
  switch (kind) {
    case 'slow':
      proxy.set(target === 'kafka' ? slowBroker : { slow: slowness });
      break;
    case 'not-found':
    case 'not-active':
      links.refusingFrontend.refuseWith(kind);
      proxy.set({ rerouteTo: links.refusingFrontend.port });
      break;
    default:
      proxy.set(kind === 'reset' ? 'reset' : 'half-open');
  }
  return async () => proxy.set('pass');
}

function impossible({ target, kind }: PlannedFault): Error {
  return new Error(`there is no fault "${kind}" of ${target}`);
}

import { rmSync } from 'node:fs';
import type { StackAddresses } from './addresses';
import { checkGiven, reusable, startLocal } from './bring-up';
import { messageOf, StackError } from './errors';
import { withLock } from './lock';
import { addresses, livingProcess, save, type OpenStack } from './open-stack';
import { stackFolder, type Env } from './paths';
import { stopProcess } from './processes';
import { silentReporter, type Reporter } from './reporter';
import { isGiven } from './servers/addresses-of';
import { localServers } from './servers/all';
import { serverNames, type Located, type ServerName } from './servers/server';
import { emptyRecord, readRecord, type Profile } from './state-file';

export interface StackState {
  readonly name: string;
  readonly addresses: StackAddresses;
  /** The folder that `down --wipe` removes. */
  readonly dataDir: string;
  /** The servers that this call started; the others ran already or are given. */
  readonly started: readonly ServerName[];
  /** Whether this call started any. */
  readonly startedHere: boolean;
}

interface UpOptions {
  readonly name: string;
  /** `durable` keeps data over a restart and is the default; `test` is faster and may forget. */
  readonly profile?: Profile;
  readonly report?: Reporter;
  /** Begin with an empty stack. */
  readonly wipe?: boolean;
  /** Where addresses and settings are read from; the process's own environment unless a test says otherwise. */
  readonly env?: Env;
}

/**
 * Makes sure that all four servers run and answer: uses those whose address the environment gives, keeps those of this
 * stack that are healthy, mends or starts the others. May be repeated at any time and by several processes at once.
 * Throws a `StackError` whose message is one sentence that says what to do.
 */
export async function up(options: UpOptions): Promise<StackState> {
  const { name, profile = 'durable', report = silentReporter, env = process.env } = options;
  const folder = stackFolder(name, env);
  const onWait = (pid: number) => report.started('stack', `process ${pid} is working on this stack: waiting for it`);
  return withLock(folder.lockFile, { timeoutMs: 1_800_000, onWait }, async () => {
    if (options.wipe) await takeDown({ folder, record: readRecord(folder.stateFile) ?? emptyRecord(name), env, report }, true);
    const record = readRecord(folder.stateFile) ?? emptyRecord(name, profile);
    const stack: OpenStack = { folder, record: { ...record, profile }, env, report };
    const plan = await makePlan(stack);
    save(stack);
    const started = await carryOut(stack, plan);
    return { name, addresses: addresses(stack), dataDir: folder.root, started, startedHere: started.length > 0 };
  });
}

type Step = 'given' | 'keep' | Located;

/** Decides for every server how it will be had, before anything is fetched or started: what is missing is said at once. */
async function makePlan(stack: OpenStack): Promise<Record<ServerName, Step>> {
  const steps = await Promise.all(
    serverNames.map(async (server): Promise<[ServerName, Step]> => {
      if (isGiven(server, stack.env)) return [server, 'given'];
      if (await reusable(stack, server)) return [server, 'keep'];
      return [server, await localServers[server].locate(stack.env)];
    }),
  );
  return Object.fromEntries(steps) as Record<ServerName, Step>;
}

async function carryOut(stack: OpenStack, plan: Record<ServerName, Step>): Promise<ServerName[]> {
  const started: ServerName[] = [];
  const results = await Promise.allSettled(
    serverNames.map((server) =>
      reported(stack.report, server, async () => {
        const step = plan[server];
        if (step === 'given') return checkGiven(server, addresses(stack));
        if (step === 'keep') return `already up: ${stack.record.servers[server]?.program ?? ''}`;
        const summary = await startLocal(stack, server, step);
        started.push(server);
        return summary;
      }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return started;
}

async function reported(report: Reporter, server: ServerName, work: () => Promise<string>): Promise<void> {
  const begun = performance.now();
  report.started(server, localServers[server].title);
  try {
    report.done(server, await work(), performance.now() - begun);
  } catch (error) {
    report.failed(server, messageOf(error), performance.now() - begun);
    throw error;
  }
}

interface DownOptions {
  readonly name: string;
  /** Also remove everything the stack has stored. */
  readonly wipe?: boolean;
  readonly report?: Reporter;
  readonly env?: Env;
}

/** Stops every server that this stack started. Given ones are left alone. Without anything to stop it does nothing. */
export async function down(options: DownOptions): Promise<void> {
  const { name, report = silentReporter, env = process.env } = options;
  const folder = stackFolder(name, env);
  await withLock(folder.lockFile, { timeoutMs: 120_000 }, () =>
    takeDown({ folder, record: readRecord(folder.stateFile) ?? emptyRecord(name), env, report }, options.wipe ?? false),
  );
}

async function takeDown(stack: OpenStack, wipe: boolean): Promise<void> {
  await Promise.all(
    serverNames.map(async (server) => {
      const living = livingProcess(stack, server);
      if (living === null) return;
      await reported(stack.report, server, async () => {
        await stopProcess(living, localServers[server].stopSignal, 20_000);
        return 'stopped';
      });
    }),
  );
  stack.record.servers = {};
  if (wipe) rmSync(stack.folder.root, { recursive: true, force: true });
  else save(stack);
}

export { status, type StackStatus } from './status';

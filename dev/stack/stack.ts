import { existsSync } from 'node:fs';
import type { StackAddresses } from './addresses';
import { withLock } from './lock';
import { addresses, save, type OpenStack } from './open-stack';
import { stackFolder, type Env } from './paths';
import { carryOut, makePlan } from './plan';
import { silentReporter, type Reporter } from './reporter';
import type { Profile, ServerName } from './servers/server';
import { emptyRecord, readRecord } from './state-file';
import { takeDown } from './take-down';

export { status, type StackStatus } from './status';

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

interface StackOptions {
  readonly name: string;
  readonly report?: Reporter;
  /** Where addresses and settings are read from: the process's own environment, unless a test says otherwise. */
  readonly env?: Env;
}

interface UpOptions extends StackOptions {
  /** `durable` keeps its data over a restart and is the default; `test` is faster and may forget. */
  readonly profile?: Profile;
  /** Begin with an empty stack. */
  readonly wipe?: boolean;
}

/**
 * Makes sure that all four servers run and answer: uses those whose address the environment gives, keeps those of this
 * stack that are healthy, repairs or starts the others. May be repeated at any time, also by several processes at once.
 * Throws a `StackError` whose message is one sentence that says what to do.
 */
export async function up(options: UpOptions): Promise<StackState> {
  const { name, profile = 'durable', report = silentReporter } = options;
  const onWait = (pid: number) => report.started('stack', `process ${pid} is working on this stack: waiting for it`);
  return withLock(stackFolder(name, options.env).lockFile, { timeoutMs: 1_800_000, onWait }, async () => {
    if (options.wipe) await takeDown(open(options), true);
    const stack = open(options);
    stack.record.profile = profile;
    const plan = await makePlan(stack);
    save(stack);
    const started = await carryOut(stack, plan);
    return { name, addresses: addresses(stack), dataDir: stack.folder.root, started, startedHere: started.length > 0 };
  });
}

interface DownOptions extends StackOptions {
  /** Also remove everything that the stack has stored. */
  readonly wipe?: boolean;
}

/** Stops every server that this stack started. Given ones are left alone. With nothing to stop it does nothing. */
export async function down(options: DownOptions): Promise<void> {
  const { name, report = silentReporter, env, wipe = false } = options;
  const folder = stackFolder(name, env);
  if (!existsSync(folder.root)) return;
  const onWait = (pid: number) => report.started('stack', `process ${pid} is working on this stack: waiting for it`);
  await withLock(folder.lockFile, { timeoutMs: 120_000, onWait }, () => takeDown(open(options), wipe));
}

function open({ name, report = silentReporter, env = process.env }: StackOptions): OpenStack {
  const folder = stackFolder(name, env);
  return { folder, record: readRecord(folder.stateFile) ?? emptyRecord(name), env, report };
}

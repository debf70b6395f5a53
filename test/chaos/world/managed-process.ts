import { type ChildProcess } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { spawnFromSource } from '../../../proof/run/spawn-from-source';
import { type Death } from '../types';

/** What a process is started from and with. */
export interface Program {
  /** Path in the checkout, or an absolute one. */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProcessPlan extends Program {
  readonly name: string;
  readonly logFolder: string;
  readonly onStart: (pid: number) => void;
  /** Called when it ends though nothing harmed it, or does not end as it should. */
  readonly onDeath: (death: Death) => void;
}

/**
 * After this it does not end by itself. How long a stop may take is decided by its limits, which are compared with each other
 * in contracts/time-chains.ts; how long it takes here says as much of the machine.
 */
const gracePeriodMs = 180_000;
/** Between two starts of a process that does not stay up. */
const restartDelayMs = 1_000;

/** One bridge or worker process run from source. It is started again when it ends by itself, as a cluster would. */
export class ManagedProcess {
  private child: ChildProcess | undefined;
  /** Down because a fault or the end of the run wants it so. */
  private wantedDown = true;
  private ended: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | undefined;

  private program: Program;
  /** Size of the log when what runs now was started, bytes. */
  private logStart = 0;

  constructor(private readonly plan: ProcessPlan) {
    this.program = plan;
  }

  get name(): string {
    return this.plan.name;
  }

  get logFile(): string {
    return join(this.plan.logFolder, `${this.plan.name}.log`);
  }

  get pid(): number {
    return this.isUp ? (this.child?.pid ?? 0) : 0;
  }

  get isUp(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  start(): void {
    this.wantedDown = false;
    if (!this.isUp) this.spawn();
  }

  /** SIGKILL; stays down until `start`. */
  async kill(): Promise<void> {
    this.wantedDown = true;
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM, and SIGKILL when that does not end it; stays down until `start`. */
  stop(): Promise<void> {
    // Two faults may want it down at once, and a second SIGTERM would mean: end now, whatever is in flight.
    this.stopping ??= this.endCleanly().finally(() => (this.stopping = undefined));
    return this.stopping;
  }

  private async endCleanly(): Promise<void> {
    this.wantedDown = true;
    const { child } = this;
    if (!this.isUp || child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.reportDeath(`did not end within ${gracePeriodMs / 1_000} s of SIGTERM`);
      child.kill('SIGKILL');
    }, gracePeriodMs);
    await this.ended;
    clearTimeout(timer);
    if (child.exitCode !== null && child.exitCode !== 0)
      this.reportDeath(`ended with code ${child.exitCode} after SIGTERM`);
  }

  /** Replaces it, as a rollout does: the clean stop, then a start from another program; `undefined` is today's. */
  async replaceBy(program: Program | undefined): Promise<void> {
    await this.stop();
    this.program = program ?? this.plan;
    this.start();
  }

  /** SIGSTOP or SIGCONT. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (this.isUp) this.child?.kill(signal);
  }

  private spawn(): void {
    const { entry, environment } = this.program;
    this.logStart = statSync(this.logFile, { throwIfNoEntry: false })?.size ?? 0;
    const child = spawnFromSource(entry, environment, this.logFile);
    this.child = child;
    this.plan.onStart(child.pid);
    this.ended = new Promise((resolve) => child.once('exit', () => resolve()));
    child.once('exit', (code, signal) => void this.afterExit(child, signal ?? `code ${code}`));
  }

  private async afterExit(child: ChildProcess, how: string): Promise<void> {
    if (this.wantedDown) return;
    this.reportDeath(`process died by itself (${how})`);
    await pause(restartDelayMs);
    if (!this.wantedDown && this.child === child) this.spawn();
  }

  private reportDeath(what: string): void {
    this.plan.onDeath({ process: this.name, what, atMs: Date.now(), log: this.lastLines(), logFile: this.logFile });
  }

  /** Whether what runs now has logged this message. */
  hasLogged(message: string): boolean {
    return readFileSync(this.logFile).subarray(this.logStart).includes(`"msg":"${message}"`);
  }

  private lastLines(): string {
    return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-8).join('\n').slice(-3_000);
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type FaultOrder, type FaultyReport } from '../support/faulty-orders';
import { waitFor } from '../support/wait-for';

const keptLines = 200;

interface Member {
  readonly child: ChildProcess;
  readonly armed: Set<string>;
  readonly lines: string[];
  up: boolean;
  /** Asked to end, or struck by a fault that ends it. */
  leaving: boolean;
  end: string | undefined;
}

export interface CrewOptions {
  /** Folder of the compiled sources. */
  readonly folder: string;
  /** The process's file in it. */
  readonly entry: string;
  /** So many work when a fault strikes. */
  readonly size: number;
  /** So many more, which take the place of what falls while its successor boots: that takes seconds of computing. Default 0. */
  readonly spare?: number;
  readonly environment: Readonly<Record<string, string>>;
  /** In a line of its output when it works; absent: it counts as up when it obeys. */
  readonly upWhen?: string;
}

/** Several processes of one kind. What falls is replaced, so that one is always there to take over. */
export class Crew {
  private members: Member[] = [];

  constructor(private readonly options: CrewOptions) {}

  start(): void {
    const { size, spare = 0 } = this.options;
    while (this.members.filter(({ leaving, end }) => !leaving && end === undefined).length < size + spare)
      this.members.push(this.spawn());
  }

  /** Resolves when as many work as there should be. */
  async ready(): Promise<void> {
    this.start();
    await waitFor(() => this.able().length >= this.options.size, {
      timeoutMs: 600_000,
      what: `${this.options.entry} up`,
    });
  }

  /** Gives the order to all, or to one alone; resolves when they know. */
  async order(order: FaultOrder, who: readonly Member[] = this.able()): Promise<void> {
    for (const { child } of who) child.send(order);
    await waitFor(() => who.every(({ armed, end }) => armed.has(order.hitFile) || end !== undefined), {
      timeoutMs: 300_000,
      what: `${order.point}: orders taken`,
    });
  }

  /** Waits for the order to strike; what it ends is replaced. Returns the process that was struck. */
  async struck({ point, hitFile, mode }: FaultOrder, timeoutMs = 300_000): Promise<Member> {
    const pid = await waitFor(() => existsSync(hitFile) && Number(readFileSync(hitFile, 'utf8')), {
      timeoutMs,
      what: `${point} hit`,
    });
    const member = this.members.find(({ child }) => child.pid === pid);
    if (member === undefined) throw new Error(`${point} was hit by a process of another crew`);
    if (mode === 'SIGKILL' || mode === 'SIGTERM') member.leaving = true;
    this.start();
    return member;
  }

  able(): Member[] {
    return this.members.filter(({ up, leaving, end }) => up && !leaving && end === undefined);
  }

  /** Stops one. */
  dismiss(member: Member): void {
    member.leaving = true;
    member.child.kill('SIGTERM');
  }

  /** Processes that ended by themselves, and how; the last lines each wrote. */
  deserters(): string[] {
    return this.members
      .filter(({ leaving, end }) => !leaving && end !== undefined)
      .map(
        ({ child, end, lines }) =>
          `${this.options.entry} ${child.pid} ended with ${end}: ${lines.slice(-3).join(' ⏎ ')}`,
      );
  }

  /** How a process ended: `code 0`, a signal. */
  async ended(member: Member): Promise<string> {
    return waitFor(() => member.end, { timeoutMs: 300_000, what: `the end of ${this.options.entry}` });
  }

  async stop(): Promise<void> {
    for (const member of this.members) {
      member.leaving = true;
      if (member.end === undefined) member.child.kill('SIGKILL');
    }
    await waitFor(() => this.members.every(({ end }) => end !== undefined));
  }

  /** What they wrote, to find out why. */
  log(): string {
    return this.members
      .map(({ child, lines }) => [`— ${this.options.entry} ${child.pid}`, ...lines].join('\n'))
      .join('\n');
  }

  private spawn(): Member {
    const { folder, entry } = this.options;
    const child = spawn(process.execPath, [join(folder, entry)], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...this.options.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const up = this.options.upWhen;
    const member: Member = { child, armed: new Set(), lines: [], up: up === undefined, leaving: false, end: undefined };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        member.lines.push(line);
        if (member.lines.length > keptLines) member.lines.shift();
        if (up !== undefined && line.includes(up)) member.up = true;
      });
    }
    child.on('message', ({ armed }: FaultyReport) => member.armed.add(armed));
    child.on('error', () => undefined);
    child.once('exit', (code, signal) => (member.end = signal ?? `code ${code}`));
    return member;
  }
}

export type { Member };

import { messageOf } from '../../dev/stack/errors';

/** What must be undone at the end, in reverse order. Each gets its chance, whatever the others do. */
export class Cleanup {
  private readonly processes = new Set<number>();
  private readonly steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

  add(what: string, undo: () => Promise<unknown>): void {
    this.steps.push({ what, undo });
  }

  /** A process that must not outlive this one, even when there is no time for its orderly end. */
  addProcess(pid: number): void {
    this.processes.add(pid);
  }

  /** The abrupt end: kills the processes and does nothing else. */
  killProcesses(): void {
    for (const pid of this.processes) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended already
      }
    }
  }

  /** Returns what could not be undone, in words. May be called again: then only what was added since is undone. */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step.undo();
      } catch (thrown) {
        failures.push(`${step.what}: ${messageOf(thrown)}`);
      }
    }
    return failures;
  }
}

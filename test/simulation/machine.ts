import { Process } from './process';
import { type Host, type SimulatedOutbox, type World } from './world';

/** A machine on which one bridge process after another runs. Its wall clock may be stepped; it outlives its processes. */
export class Machine implements Host {
  process: Process | undefined;
  clockStepMs = 0;
  /** Nothing is started on it any more. */
  retired = false;
  /** What its processes serve: a bridge for all outboxes, and one for the first alone. */
  readonly serves: readonly SimulatedOutbox[];

  constructor(
    readonly world: World,
    private readonly index: number,
  ) {
    this.serves = index === 1 ? world.outboxes.slice(0, 1) : world.outboxes;
  }

  boot(): void {
    if (this.process?.gone === false || this.retired) return;
    this.process = new Process(this, `bridge ${this.index}`);
    this.world.trace(() => `bridge ${this.index} boots`);
    this.process.boot();
  }
}

import { Violation } from './violation';
import { type Fault, type Mishap, type Port, type Server } from './plan';
import { type VirtualTime } from './virtual-time';

/** The caller's side of a call: what a bridge process is to the wire. */
export interface Caller {
  /** Runs `work` in the process: not at all when it is gone, later when it is frozen. */
  run(work: () => void): void;
  /** Gone at once; its machine starts another after `downMs`. */
  crash(downMs: number): void;
  readonly name: string;
}

export interface Call<T> {
  readonly port: Port;
  readonly server: Server;
  readonly caller: Caller;
  /** At the server, when the request arrives; may throw what the server refuses with. */
  readonly apply: () => T;
  /** What the caller gets when it hears nothing. */
  readonly unheard: (detail: string) => Error;
  /** What it gets when the server refuses the call for no known reason; undefined: this port knows no such thing. */
  readonly refusal?: () => Error;
  readonly timeoutMs: number;
  readonly describe: (answer: T) => string;
  /** Whether a mishap would mean anything; an idle claim is not worth one. */
  readonly matters: () => boolean;
}

/** How late a slow server replies. */
const slowMs = 1_500;

/** Brings requests to the models and replies back, each in its own time, and has the planned mishaps happen to them. */
export class Wire {
  private calls = 0;
  private readonly planned: (Fault & { at: 'call' })[];

  constructor(
    private readonly time: VirtualTime,
    faults: readonly Fault[],
    private readonly latencySeed: number,
    private readonly serverState: (server: Server) => 'up' | 'refuses' | 'hangs' | 'slow',
    private readonly trace: (line: () => string) => void,
  ) {
    this.planned = faults.filter((fault) => fault.at === 'call').sort((a, b) => a.atMs - b.atMs);
  }

  call<T>(call: Call<T>): Promise<T> {
    const { caller, port } = call;
    const mishap = this.mishapFor(call);
    const [thereMs, backMs] = [this.latency(), this.latency()];
    const lateMs = mishap?.forMs ?? 0;
    if (mishap !== undefined) this.trace(() => `${caller.name} ${port}: ${mishap.mishap} ${mishap.forMs} ms`);
    return new Promise<T>((resolve, reject) => {
      const giveUp = this.time.after(call.timeoutMs, () => caller.run(() => reject(call.unheard('no reply in time'))));
      const back = (delayMs: number, answer: () => void) =>
        this.time.after(this.serverState(call.server) === 'slow' ? delayMs + slowMs : delayMs, () => {
          giveUp();
          caller.run(answer);
        });
      if (mishap?.mishap === 'crash-before') return caller.crash(lateMs);
      if (mishap?.mishap === 'lose-request') return;
      const arrive = (): void => {
        const state = this.serverState(call.server);
        if (state === 'hangs') return;
        if (state === 'refuses') return void back(backMs, () => reject(call.unheard('connection refused')));
        const answer = this.applied(call, mishap?.mishap);
        if (mishap?.mishap === 'crash-after') return caller.crash(lateMs);
        if (mishap?.mishap === 'crash-unheard') return void this.time.after(backMs, () => caller.crash(lateMs));
        if (mishap?.mishap === 'lose-reply') return void back(backMs, () => reject(call.unheard('connection reset')));
        if (mishap?.mishap === 'repeat-request' && port !== 'claim')
          this.time.afterUnseen(lateMs, () => this.applied(call));
        back(mishap?.mishap === 'late-reply' ? backMs + lateMs : backMs, () =>
          'error' in answer ? reject(answer.error) : resolve(answer.value),
        );
      };
      this.time.afterUnseen(mishap?.mishap === 'late-request' ? thereMs + lateMs : thereMs, arrive);
    });
  }

  private applied<T>(call: Call<T>, mishap?: Mishap): { value: T } | { error: Error } {
    try {
      if (mishap === 'refuse' && call.refusal !== undefined) throw call.refusal();
      const value = call.apply();
      this.trace(() => `${call.caller.name} ${call.port} → ${call.describe(value)}`);
      return { value };
    } catch (error) {
      if (error instanceof Violation) throw error;
      this.trace(() => `${call.caller.name} ${call.port} → ${String(error)}`);
      return { error: error as Error };
    }
  }

  /** From now on nothing happens to a call any more. */
  makePeace(): void {
    this.planned.length = 0;
  }

  private mishapFor(call: Pick<Call<unknown>, 'port' | 'matters'>): (Fault & { at: 'call' }) | undefined {
    const at = this.planned.findIndex(({ port, atMs }) => port === call.port && atMs <= this.time.nowMs);
    return at >= 0 && call.matters() ? this.planned.splice(at, 1)[0] : undefined;
  }

  /** Mostly a few milliseconds, now and then a few hundred. */
  private latency(): number {
    this.calls += 1;
    if (this.latencySeed === 0) return 1;
    const draw = scramble(this.latencySeed * 65_537 + this.calls);
    return draw % 16 === 0 ? 1 + ((draw >>> 8) % 500) : 1 + ((draw >>> 8) % 8);
  }
}

/** A number that looks random, from a number. */
export function scramble(n: number): number {
  let x = Math.imul(n ^ (n >>> 16), 0x45d9f3b);
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
  return (x ^ (x >>> 16)) >>> 0;
}

import { NovaError } from '../../contracts/failures';
import { type Bridge } from '../../outbox-bridge/bridge';
import { type BridgeDeps } from '../../outbox-bridge/bridge-deps';
import { type BridgeMetrics } from '../../outbox-bridge/metrics';
import { Fuse } from '../../outbox-bridge/fuse';
import { Pacer } from '../../outbox-bridge/pacer';
import { partsOfOne } from '../../outbox-bridge/parts-of-one';
import { Pauses } from '../../outbox-bridge/pauses';
import { type StartOutcome } from '../../outbox-bridge/ports';
import { StartWindow } from '../../outbox-bridge/start-window';
import { type Logger } from '../../runtime/logger';
import { type Judge } from './judge';
import { type ModelPostgres } from './model-postgres';
import { type ModelTemporal } from './model-temporal';
import { type Plan } from './plan';
import { type VirtualTime, epochMs } from './virtual-time';
import { type Call, type Caller, type Wire } from './wire';

export const timing = {
  leaseMs: 15_000,
  callMs: 5_000,
  queryMs: 5_000,
  retentionGuardMs: 420_000,
  retentionMs: 600_000,
};

export interface World {
  readonly time: VirtualTime;
  readonly postgres: ModelPostgres;
  readonly temporal: ModelTemporal;
  readonly judge: Judge;
  readonly wire: Wire;
  readonly plan: Plan;
  /** The bridge under simulation: the real one, or one broken on purpose. */
  readonly bridgeClass: typeof Bridge;
  /** Whether the bridges measure time with the wall clock; the real ones do not. */
  readonly wallClock: boolean;
  readonly trace: (line: () => string) => void;
}

/** No one scrapes a simulation, and counting costs more than the rest of it. */
const ignore = { inc: () => undefined, set: () => undefined, observe: () => undefined };
const metrics = new Proxy({}, { get: () => ignore }) as BridgeMetrics;

/** A machine on which one bridge process after another runs. Its wall clock may be stepped; it outlives its processes. */
export class Machine {
  process: Process | undefined;
  clockStepMs = 0;
  /** Nothing is started on it any more. */
  retired = false;

  constructor(
    readonly world: World,
    private readonly index: number,
  ) {}

  boot(): void {
    if (this.process?.gone === false || this.retired) return;
    this.process = new Process(this, `bridge ${this.index}`);
    this.world.trace(() => `bridge ${this.index} boots`);
    this.process.boot();
  }
}

/** One life of a bridge: the real Bridge, whose every port, timer and clock is the simulation's. */
export class Process implements Caller {
  gone = false;
  stoppingSinceMs: number | undefined;
  claims = 0;
  /** What waits for the thaw; undefined: not frozen. */
  private frozen: (() => void)[] | undefined;
  private readonly bridge: Bridge;

  constructor(
    private readonly machine: Machine,
    readonly name: string,
  ) {
    const { world } = machine;
    const now = (): number => epochMs + world.time.nowMs + (world.wallClock ? machine.clockStepMs : 0);
    const window = new StartWindow({ min: 4, max: world.plan.windowMax });
    const starter = this.starter();
    const sleep = (ms: number) => new Promise<void>((resolve) => this.timer(ms, resolve));
    this.bridge = new world.bridgeClass({
      store: this.store(),
      ...{ starter, metrics },
      ...partsOfOne({ window, sleep, now, logger: this.logger() }, () => starter.probe()),
      pacer: new Pacer({ minMs: 20, maxMs: world.plan.pollMaxMs }, (ms, wake) => this.timer(ms, wake)),
      pauses: new Pauses(now),
      // With an end, so that a plan in which every row is refused comes to one.
      fuse: new Fuse({ aggregates: 3, patienceMs: 30_000 }, now),
      limits: { maxAttempts: 5, retentionGuardMs: timing.retentionGuardMs, unknownPatienceMs: timing.retentionGuardMs },
      leaseMs: timing.leaseMs,
    });
  }

  boot(): void {
    void this.bridge.start();
  }

  run(work: () => void): void {
    if (this.gone) return;
    if (this.frozen === undefined) work();
    else this.frozen.push(() => this.run(work));
  }

  crash(downMs: number): void {
    if (this.gone) return;
    this.machine.world.trace(() => `${this.name} dies`);
    this.gone = true;
    this.machine.world.time.after(downMs, () => this.machine.boot());
  }

  freeze(forMs: number): void {
    this.frozen ??= [];
    this.machine.world.time.after(forMs, () => this.thaw());
  }

  thaw(): void {
    const missed = this.frozen ?? [];
    this.frozen = undefined;
    for (const work of missed) work();
  }

  /** SIGTERM. The process is gone when the bridge says that it has stopped. */
  stop(): void {
    if (this.gone || this.stoppingSinceMs !== undefined) return;
    this.stoppingSinceMs = this.machine.world.time.nowMs;
    this.run(() => void this.bridge.stop().then(() => (this.gone = true)));
  }

  private timer(ms: number, wake: () => void): () => void {
    return this.machine.world.time.after(ms, () => this.run(wake));
  }

  private call<T>(call: Omit<Call<T>, 'caller'>): Promise<T> {
    return this.gone ? new Promise(() => undefined) : this.machine.world.wire.call({ ...call, caller: this });
  }

  private store(): BridgeDeps['store'] {
    const { postgres, judge, plan } = this.machine.world;
    const unheard = (detail: string): Error => new NovaError('DATABASE_UNAVAILABLE', detail);
    const refusal = (): Error => new Error('PostgreSQL refuses this statement');
    const asked = { unheard, refusal, timeoutMs: timing.queryMs };
    return {
      claim: (request) => {
        this.claims += 1;
        return this.call({
          ...asked,
          port: 'claim',
          apply: () => {
            if (plan.faults.length === 0) judge.claimsInPeace(postgres.claimable(request));
            return postgres.claim(request);
          },
          describe: (rows) => rows.map(({ id }) => id).join(' ') || 'nothing',
          matters: () => request.maxRows > 0 && postgres.claimable(request).length > 0,
        });
      },
      settle: (settlements) =>
        this.call({
          ...asked,
          port: 'settle',
          apply: () => postgres.settle(settlements, (row, settlement) => judge.settles(row, settlement)),
          describe: (written) => `${written} of ${settlements.map(({ row, kind }) => `${row.id} ${kind}`).join(', ')}`,
          matters: () => true,
        }),
    };
  }

  private starter(): BridgeDeps['starter'] {
    const { temporal } = this.machine.world;
    const unheard = (detail: string): Error => new NovaError('TEMPORAL_UNAVAILABLE', detail);
    const asked = { unheard, timeoutMs: timing.callMs, matters: () => true };
    const failed = (error: unknown): Extract<StartOutcome, { kind: 'failed' }> => {
      if (!(error instanceof NovaError)) throw error;
      return { kind: 'failed', code: error.code, detail: error.message };
    };
    return {
      start: (request) =>
        this.call({
          ...asked,
          port: 'start',
          apply: () => temporal.start(request),
          describe: (outcome) => `${request.ref.eventId} ${outcome.kind === 'started' ? 'started' : outcome.code}`,
        }).catch(failed),
      lookUp: (request) =>
        this.call({
          ...asked,
          port: 'lookUp',
          apply: () => temporal.lookUp(request),
          describe: (found) => `${request.ref.eventId} ${found}`,
        }).catch(failed),
      probe: () => this.call({ ...asked, port: 'probe', apply: () => undefined, describe: () => 'up' }),
    };
  }

  /** What the bridge would report goes into the trace. */
  private logger(): Logger {
    const log =
      (level: string) =>
      (about: object, message: string): void =>
        this.machine.world.trace(() => `${this.name} ${level}: ${message} ${JSON.stringify(about).slice(0, 160)}`);
    const silent = (): void => undefined;
    return { error: log('error'), warn: log('warn'), info: log('info'), debug: silent } as unknown as Logger;
  }
}

import { NovaError } from '../../contracts/failures';
import { aloneAfterClaims } from '../../outbox/thresholds';
import { type BridgeDeps } from '../../outbox-bridge/bridge-deps';
import { type Bridge } from '../../outbox-bridge/bridge';
import { Fuse } from '../../outbox-bridge/fuse';
import { type BridgeMetrics } from '../../outbox-bridge/metrics';
import { NudgeTrust } from '../../outbox-bridge/nudge-trust';
import { Outage } from '../../outbox-bridge/outage';
import { Pacer } from '../../outbox-bridge/pacer';
import { Pauses } from '../../outbox-bridge/pauses';
import { type StartOutcome } from '../../outbox-bridge/ports';
import { unpaced } from '../../outbox-bridge/start-paces';
import { type OutboxSlots } from '../../outbox-bridge/start-slots';
import { StartWindow } from '../../outbox-bridge/start-window';
import { type Logger } from '../../runtime/logger';
import { isPeaceful } from './plan';
import { SlotJudge } from './slot-judge';
import { epochMs } from './virtual-time';
import { type Call, type Caller } from './wire';
import { type Host, type SimulatedOutbox, timing } from './world';

/** No one scrapes a simulation, and counting costs more than the rest of it. */
const ignore = { inc: () => undefined, set: () => undefined, observe: () => undefined };
const metrics = new Proxy({}, { get: () => ignore }) as BridgeMetrics;

/** After a row that kills processes. */
const downMs = 100;

/** One life of a bridge process: a real Bridge for each outbox, whose every port, timer and clock is the simulation's. */
export class Process implements Caller {
  gone = false;
  claims = 0;
  private stopping = false;
  /** What waits for the thaw; undefined: not frozen. */
  private frozen: (() => void)[] | undefined;
  private readonly slotJudge = new SlotJudge();
  private readonly starts = new Set<{ readonly suspect: boolean }>();
  private readonly bridges: readonly Bridge[];

  constructor(
    private readonly machine: Host,
    readonly name: string,
  ) {
    const { world } = machine;
    const { parts, plan } = world;
    const now = (): number => epochMs + world.time.nowMs + (world.wallClock ? machine.clockStepMs : 0);
    const sleep = (ms: number) => new Promise<void>((resolve) => this.timer(ms, resolve));
    const window = new StartWindow({ min: 4, max: plan.windowMax, slowMs: 500 });
    const logger = this.logger();
    // As outbox-bridge/compose.ts puts them together.
    const slots = new parts.StartSlots(window, (limit, lines) =>
      this.held(() => this.slotJudge.grants(parts.nextGrant(limit, lines), limit, lines)),
    );
    const gate = new parts.AloneGate({ now, sleep });
    const shared = {
      ...{ window, logger, now, sleep },
      probe: () => this.probe(),
      served: () => machine.serves.length,
    };
    const outage = new parts.SharedOutage(shared);
    const limits = { maxAttempts: 5, ...timing, unknownPatienceMs: timing.retentionGuardMs };
    this.bridges = machine.serves.map((outbox) => {
      const suspects = new Set<string>();
      return new parts.Bridge({
        ...{ outbox, window, now, sleep, logger, metrics, gate, limits, leaseMs: timing.leaseMs },
        store: this.store(outbox, suspects),
        starter: this.starter(outbox, suspects),
        slots: this.judged(outbox.name, slots.of(outbox.name)),
        outage: new parts.OutboxOutage(new Outage(now), outage),
        pacer: new Pacer({ minMs: 20, maxMs: plan.pollMaxMs }, (ms, wake) => this.timer(ms, wake)),
        pauses: new Pauses(now),
        nudges: new NudgeTrust(now),
        // With an end, so that a plan in which every row is refused comes to one.
        paces: unpaced,
        fuse: new Fuse({ aggregates: 3, patienceMs: 30_000 }, now),
      });
    });
  }

  /** So many loops, one for each outbox. */
  get loops(): number {
    return this.bridges.length;
  }

  boot(): void {
    for (const bridge of this.bridges) void bridge.start();
  }

  run(work: () => void): void {
    if (this.gone) return;
    if (this.frozen === undefined) work();
    else this.frozen.push(() => this.run(work));
  }

  crash(forMs: number): void {
    if (this.gone) return;
    this.machine.world.trace(() => `${this.name} dies`);
    this.gone = true;
    this.machine.world.time.after(forMs, () => this.machine.boot());
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

  /** SIGTERM. The process is gone when its bridges say that they have stopped. */
  stop(): void {
    if (this.gone || this.stopping) return;
    this.stopping = true;
    this.run(() => void Promise.all(this.bridges.map((bridge) => bridge.stop())).then(() => (this.gone = true)));
  }

  private timer(ms: number, wake: () => void): () => void {
    return this.machine.world.time.after(ms, () => this.run(wake));
  }

  private call<T>(call: Omit<Call<T>, 'caller'>): Promise<T> {
    return this.gone ? new Promise(() => undefined) : this.machine.world.wire.call({ ...call, caller: this });
  }

  /** A promise that is looked at inside the bridge's own code, which goes on after what it takes for a fault of one series. */
  private held<T>(look: () => T): T {
    try {
      return look();
    } catch (thrown) {
      this.machine.world.time.after(0, () => {
        throw thrown;
      });
      throw thrown;
    }
  }

  private judged(outbox: string, slots: OutboxSlots): OutboxSlots {
    return {
      ...slots,
      take: async (priority) => {
        const release = await slots.take(priority);
        return () => {
          this.slotJudge.released(outbox);
          release();
        };
      },
    };
  }

  private store({ name: outbox, postgres, server }: SimulatedOutbox, suspects: Set<string>): BridgeDeps['store'] {
    const { judge, plan, outboxes, marksGoAstray } = this.machine.world;
    const unheard = (detail: string): Error => new NovaError('DATABASE_UNAVAILABLE', detail);
    const refusal = (): Error => new Error('PostgreSQL refuses this statement');
    const asked = { unheard, refusal, server, timeoutMs: timing.queryMs };
    const marked = marksGoAstray ? (outboxes.find(({ name }) => name !== outbox)?.postgres ?? postgres) : postgres;
    return {
      claim: async (request) => {
        this.claims += 1;
        const claimed = await this.call({
          ...asked,
          port: 'claim',
          apply: () => {
            if (isPeaceful(plan)) judge.claimsInPeace(postgres.claimable(request));
            return postgres.claim(request);
          },
          describe: (rows) => `${outbox}: ${rows.map(({ id }) => id).join(' ') || 'nothing'}`,
          matters: () => request.maxRows > 0 && postgres.claimable(request).length > 0,
        });
        for (const { id, unfinishedClaims } of claimed)
          suspects[unfinishedClaims >= aloneAfterClaims ? 'add' : 'delete'](id);
        return claimed;
      },
      settle: (settlements) =>
        this.call({
          ...asked,
          port: 'settle',
          apply: () => marked.settle(settlements, (row, settlement) => judge.settles(outbox, row, settlement)),
          describe: (written) =>
            `${outbox}: ${written} of ${settlements.map(({ row, kind }) => `${row.id} ${kind}`).join(', ')}`,
          matters: () => true,
        }),
    };
  }

  private starter({ name: outbox }: SimulatedOutbox, suspects: ReadonlySet<string>): BridgeDeps['starter'] {
    const { temporal, judge, defectOf } = this.machine.world;
    const failed = (error: unknown): Extract<StartOutcome, { kind: 'failed' }> => {
      if (!(error instanceof NovaError)) throw error;
      return { kind: 'failed', code: error.code, detail: error.message };
    };
    return {
      start: async (request) => {
        const { eventId: id } = request.ref;
        const start = { suspect: suspects.has(id) };
        this.held(() => judge.startsBeside(start.suspect, [...this.starts]));
        this.starts.add(start);
        if (defectOf({ id, outbox }) === 'deadly') this.crash(downMs);
        return this.call({
          ...this.asked,
          port: 'start',
          apply: () => temporal.start(request, outbox),
          describe: (outcome) => `${id} of ${outbox} ${outcome.kind === 'started' ? 'started' : outcome.code}`,
        })
          .catch(failed)
          .finally(() => this.starts.delete(start));
      },
      lookUp: (request) =>
        this.call({
          ...this.asked,
          port: 'lookUp',
          apply: () => temporal.lookUp(request),
          describe: (found) => `${request.ref.eventId} of ${outbox} ${found}`,
        }).catch(failed),
      probe: () => this.probe(),
    };
  }

  private probe(): Promise<void> {
    return this.call({ ...this.asked, port: 'probe', apply: () => undefined, describe: () => 'up' });
  }

  private readonly asked = {
    unheard: (detail: string): Error => new NovaError('TEMPORAL_UNAVAILABLE', detail),
    server: 'temporal' as const,
    ...{ timeoutMs: timing.callMs, matters: () => true },
  };

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

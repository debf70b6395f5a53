import { type FailureCode, NovaError } from '../contracts/failures';
import { oneLine } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { Outage } from './outage';

/** What Temporal does to one outbox, it does to all. */
const temporals: ReadonlySet<FailureCode> = new Set([
  'TEMPORAL_UNAVAILABLE',
  'NAMESPACE_MISSING',
  'NAMESPACE_NOT_ACTIVE',
  'NOT_AUTHORIZED',
]);

type Sleep = (ms: number) => Promise<void>;

/** An outage of Temporal, which stops the loops of all outboxes: one of them finds it, and one probe ends it for all. */
export class SharedOutage {
  private readonly outage: Outage;
  private recovery: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly deps: {
      readonly probe: () => Promise<void>;
      readonly logger: Logger;
      readonly window: { readonly limit: number };
      /** So many outboxes share it. */
      readonly served: () => number;
      readonly now: () => number;
      readonly sleep: Sleep;
    },
  ) {
    this.outage = new Outage(deps.now);
  }

  get active(): Outage['active'] {
    return this.outage.active;
  }

  get served(): number {
    return this.deps.served();
  }

  begin(code: FailureCode, detail: string): boolean {
    const isNew = this.outage.begin(code, detail);
    this.recovery ??= this.recover().finally(() => (this.recovery = undefined));
    return isNew;
  }

  /** Resolves when Temporal replies again. */
  over(): Promise<void> {
    return this.recovery ?? Promise.resolve();
  }

  /** Probes no more. */
  stop(): void {
    this.stopped = true;
  }

  private async recover(): Promise<void> {
    const { probe, logger, sleep, window } = this.deps;
    for (let replies = false; !replies;) {
      await sleep(this.outage.nextDelayMs());
      if (this.stopped) return;
      replies = await probe().then(
        () => true,
        (thrown: unknown) => {
          const code = thrown instanceof NovaError ? thrown.code : 'TEMPORAL_UNAVAILABLE';
          this.outage.begin(code, oneLine(thrown));
          return false;
        },
      );
    }
    const code = this.outage.active?.code;
    const about = { code, lasted_ms: this.outage.end(), window: window.limit };
    logger.info(about, 'outage over: claiming goes on with the smallest window');
  }
}

/** Outages as the loop of one outbox meets them: those of its database, and those that all outboxes share. */
export class OutboxOutage {
  /** It began with the shared one, which says so itself. */
  private adopted = false;

  constructor(
    private readonly own: Outage,
    private readonly shared: SharedOutage,
  ) {}

  get active(): Outage['active'] {
    return this.shared.active ?? this.own.active;
  }

  /** Returns true when it was not known before. */
  begin(code: FailureCode, detail: string): boolean {
    if (temporals.has(code)) return this.shared.begin(code, detail);
    this.adopted &&= this.own.active !== undefined;
    return this.own.begin(code, detail);
  }

  /** Whether such an outage leaves no outbox that goes on. */
  stopsAll(code: FailureCode): boolean {
    return temporals.has(code) || this.shared.served <= 1;
  }

  /**
   * Resolves when the loop is to look again. From a shared outage it keeps one of its own, until it has looked at what else may have
   * changed meanwhile.
   */
  async untilNextTry(sleep: Sleep): Promise<void> {
    const { active } = this.shared;
    if (active === undefined) return sleep(this.own.nextDelayMs());
    this.adopted ||= this.own.begin(active.code, active.detail);
    await this.shared.over();
  }

  /** Returns how long it lasted, in milliseconds; `said`: the shared outage has said that it is over. */
  end(): { readonly lastedMs: number | undefined; readonly said: boolean } {
    const said = this.adopted;
    this.adopted = false;
    return { lastedMs: this.own.end(), said };
  }
}

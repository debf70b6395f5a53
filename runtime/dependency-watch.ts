import { setTimeout as pause } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { oneLine } from './errors';
import { type Service } from './lifecycle';
import { type Logger } from './logger';
import { within } from './within';

/** A server that a process needs. */
export interface Dependency {
  readonly name: 'postgresql' | 'temporal' | 'kafka' | 'redis' | 'smtp';
  /** Whose database it is; absent: State's, and what all outboxes share. */
  readonly outbox?: string;
  /** The cheapest question that shows it at work. Rejects when it does not reply. */
  readonly ask: () => Promise<unknown>;
  /** Pause between two questions, milliseconds; default 5 seconds. */
  readonly everyMs?: number;
}

interface Asks {
  query(sql: string): Promise<unknown>;
}

/** @param outbox whose database it is; absent: State's */
export const databaseDependency = (database: Asks, outbox?: string): Dependency => ({
  name: 'postgresql',
  ...(outbox === undefined ? {} : { outbox }),
  ask: () => database.query('SELECT 1'),
});

/** Both kinds of connection to Temporal. */
interface Temporal {
  withDeadline<T>(deadline: number | Date, call: () => Promise<T>): Promise<T>;
  readonly workflowService: { describeNamespace(request: { namespace: string }): Promise<unknown> };
}

export const temporalDependency = (connection: Temporal, namespace: string): Dependency => ({
  name: 'temporal',
  ask: () =>
    connection.withDeadline(Date.now() + patienceMs, () => connection.workflowService.describeNamespace({ namespace })),
});

/** A reply that takes longer counts as none, milliseconds. */
const patienceMs = 4_000;
const usualMs = 5_000;

export function createDependencyGauge(registry: Registry) {
  return new Gauge({
    name: 'nova_dependency_up',
    help: '1 while the server replies to this process, 0 while it does not. dependency: postgresql, temporal, kafka, redis, smtp. outbox: whose database it is; empty for State and for what all outboxes share. Of bridges and of workers.',
    labelNames: ['dependency', 'outbox'] as const,
    registers: [registry],
  });
}

/**
 * Asks each server again and again, each by itself: one that hangs holds up no question to another. One line in the log when one
 * is lost and one when it is back, however many effects fail meanwhile.
 */
export class DependencyWatch implements Service {
  readonly name = 'dependency-watch';
  private readonly stopping = new AbortController();
  private loops: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly dependencies: readonly Dependency[],
    private readonly gauge: ReturnType<typeof createDependencyGauge>,
    private readonly logger: Logger,
  ) {}

  /** Waits for no server. */
  async start(): Promise<void> {
    this.loops = Promise.all(this.dependencies.map((dependency) => this.watch(dependency)));
  }

  /** A question that is under way is not waited for: its server may hang, and its connection is closed by its owner. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loops;
  }

  private async watch({ name, outbox = '', ask, everyMs = usualMs }: Dependency): Promise<void> {
    const { signal } = this.stopping;
    const stopped = new Promise<'stopped'>((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
    let lostAtMs: number | undefined;
    while (!signal.aborted) {
      const reply = await Promise.race([askOnce(ask), stopped]);
      if (reply === 'stopped') return;
      this.gauge.set({ dependency: name, outbox }, reply === undefined ? 1 : 0);
      const about = { dependency: name, ...(outbox === '' ? {} : { outbox }) };
      if (reply !== undefined && lostAtMs === undefined) {
        lostAtMs = performance.now();
        this.logger.warn({ ...about, error: oneLine(reply) }, `${name}: no reply; what needs it waits`);
      } else if (reply === undefined && lostAtMs !== undefined) {
        const lostMs = Math.round(performance.now() - lostAtMs);
        this.logger.info({ ...about, lost_ms: lostMs }, `${name}: replies again`);
        lostAtMs = undefined;
      }
      await pause(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Why there was no reply; undefined: there was one. */
async function askOnce(ask: Dependency['ask']): Promise<Error | undefined> {
  try {
    await within(patienceMs, ask(), () => new Error(`no reply within ${patienceMs} ms`));
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

import { type ActivityInterceptorsFactory } from '@temporalio/worker';
import { defaultPayloadConverter } from '@temporalio/common';
import { type Pool } from 'pg';
import { runBeganHeader } from '../contracts/start-wait';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { Periodic } from '../runtime/periodic';
import { removeStartWaits, reportStartWaits, startWaitMs } from '../runtime/start-waits';
import { StartWaits } from './start-waits';
import { workerIdentity } from './worker-beat';

/** Says in State what starts wait until this process begins them, by task queue: ten times a second while there are any. */
export class StartWaitReports implements Service {
  readonly name = 'start-waits';
  private readonly byQueue = new Map<string, StartWaits>();
  private readonly periodic: Periodic;

  constructor(
    /** `pool`: of State. */
    private readonly deps: { readonly pool: Pool; readonly logger: Logger },
  ) {
    const { logger } = deps;
    this.periodic = new Periodic(this.name, () => this.report(), { logger, retryMs: 1_000 });
  }

  /** Notes each first step of a run. */
  readonly interceptor: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      execute: (input, next) => {
        const began = input.headers[runBeganHeader];
        if (began !== undefined && info.isLocal && info.attempt === 1) {
          const nowMs = performance.timeOrigin + performance.now();
          this.of(info.taskQueue).began(nowMs - defaultPayloadConverter.fromPayload<number>(began), nowMs);
        }
        return next(input);
      },
    },
  });

  async start(): Promise<void> {
    void this.periodic.start();
  }

  async stop(): Promise<void> {
    await this.periodic.stop();
    await removeStartWaits(this.deps.pool, workerIdentity).catch(() => undefined);
  }

  private of(queue: string): StartWaits {
    const its = this.byQueue.get(queue) ?? new StartWaits();
    this.byQueue.set(queue, its);
    return its;
  }

  private async report(): Promise<number> {
    const waits = new Map<string, number>();
    for (const [queue, its] of this.byQueue) {
      const ms = its.take();
      if (ms !== undefined) waits.set(queue, ms);
    }
    if (waits.size > 0) await reportStartWaits(this.deps.pool, workerIdentity, waits);
    return startWaitMs;
  }
}

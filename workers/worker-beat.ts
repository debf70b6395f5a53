import { hostname } from 'node:os';
import { type Pool } from 'pg';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { Periodic } from '../runtime/periodic';
import { removeWorker, reportWorker, workerBeatMs } from '../runtime/worker-processes';

/** Of this process in Temporal, as the SDK names it by itself: what `nova status` shows and what the Web UI lists are one. */
export const workerIdentity = `${process.pid}@${hostname()}`;

/** Says in State, every three seconds, that this process lives and takes tasks, and from which queues. */
export class WorkerBeat implements Service {
  readonly name = 'worker-beat';
  private readonly periodic: Periodic;
  private first: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: {
      /** State. */
      readonly pool: Pool;
      readonly taskQueues: readonly string[];
      /** False: it takes no tasks yet, or not any more; and whose database it is may not be known. */
      readonly takesTasks: () => boolean;
      readonly logger: Logger;
    },
  ) {
    const { logger } = deps;
    this.periodic = new Periodic(this.name, () => this.beat(), { logger, retryMs: workerBeatMs });
  }

  /** Does not wait for PostgreSQL. */
  async start(): Promise<void> {
    this.first = this.periodic.start();
  }

  /** From now on it takes no new tasks. Where PostgreSQL is away the row stays, and is taken for that of a dead process. */
  async stop(): Promise<void> {
    await this.periodic.stop();
    await this.first;
    await this.deps.pool.query(removeWorker, [workerIdentity]).catch(() => undefined);
  }

  private async beat(): Promise<number> {
    const { pool, taskQueues, takesTasks } = this.deps;
    if (takesTasks()) await pool.query(reportWorker, [workerIdentity, taskQueues]);
    return takesTasks() ? workerBeatMs : workerBeatMs / 6;
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import { type Connection } from '@temporalio/client';
import { NovaError } from '../contracts/failures';
import { type DeploymentSettings, checkDeployment } from '../runtime/deployment';
import { oneLine } from '../runtime/errors';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { Periodic } from '../runtime/periodic';
import { type OwnOutbox } from './outboxes';

const everyMs = { well: 30_000, ill: 2_000 };
/** How long the start of a worker waits for the first looks: what hangs there delays its own events alone. */
const firstLooksMs = 2_000;

/**
 * Looks again and again whether the database of each outbox belongs to this deployment. Until that is known, and while it belongs to
 * another, the activities of its events are refused and tried again; those of other outboxes go on.
 */
export class OutboxGates implements Service {
  readonly name = 'outbox-gates';
  private readonly looks: readonly Periodic[];
  private first: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly outboxes: readonly OwnOutbox[],
    private readonly deps: {
      readonly connection: Connection;
      readonly settings: DeploymentSettings;
      readonly logger: Logger;
    },
  ) {
    for (const outbox of outboxes)
      outbox.refusal = new NovaError('DATABASE_UNAVAILABLE', `outbox ${outbox.name}: its deployment is not known yet`);
    const { logger } = deps;
    this.looks = outboxes.map(
      (outbox) => new Periodic(`outbox ${outbox.name}`, () => this.look(outbox), { logger, retryMs: everyMs.ill }),
    );
  }

  /** Waits for no database. */
  async start(): Promise<void> {
    this.first = Promise.all(this.looks.map((look) => look.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.looks.map((look) => look.stop()));
  }

  /** Resolves when each outbox was looked at once, or after a moment, or when `stop` is aborted. */
  async open(stop: AbortSignal): Promise<void> {
    await Promise.race([this.first, pause(firstLooksMs, undefined, { signal: stop }).catch(() => undefined)]);
  }

  /** Why events of an outbox wait, one for all; undefined: they do not. */
  get alarm(): NovaError | undefined {
    const refusals = this.outboxes.flatMap(({ refusal }) => refusal ?? []);
    return refusals.find(({ code }) => code === 'WRONG_DEPLOYMENT') ?? refusals[0];
  }

  private async look(outbox: OwnOutbox): Promise<number> {
    const { connection, settings, logger } = this.deps;
    const { name, refusal: before } = outbox;
    try {
      await checkDeployment(outbox.loads, connection, { ...settings, outbox: name });
      outbox.refusal = undefined;
      if (before?.code === 'WRONG_DEPLOYMENT') logger.info({ outbox: name }, 'the outbox is of this deployment again');
      return everyMs.well;
    } catch (thrown) {
      if (thrown instanceof NovaError && thrown.code === 'WRONG_DEPLOYMENT') {
        const detail = thrown.message.slice('WRONG_DEPLOYMENT: '.length);
        outbox.refusal = new NovaError('WRONG_DEPLOYMENT', `outbox ${name}: ${detail}`, { cause: thrown });
        const level = before?.message === outbox.refusal.message ? 'debug' : 'error';
        logger[level]({ outbox: name, error: outbox.refusal.message }, 'the events of this outbox wait');
      } else if (before !== undefined && before.code !== 'WRONG_DEPLOYMENT') {
        // One that was found right stays so: a server that is away proves nothing.
        const detail = `outbox ${name}: its deployment is not known yet: ${oneLine(thrown, 200)}`;
        outbox.refusal = new NovaError('DATABASE_UNAVAILABLE', detail, { cause: thrown });
        const level = before.message === outbox.refusal.message ? 'debug' : 'warn';
        logger[level]({ outbox: name, error: oneLine(thrown) }, 'the deployment of the outbox cannot be checked now');
      }
      return everyMs.ill;
    }
  }
}

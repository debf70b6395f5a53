import { type Connection } from '@temporalio/client';
import { catalogue } from '../contracts/catalogue';
import { oneLine } from '../runtime/errors';
import { type Logger } from '../runtime/logger';
import { missingSearchAttributes, notRegistered } from '../runtime/search-attributes';
import { type PausesOfAll } from './pauses-of-all';

/** How often a namespace is looked at that has them all, and one that lacks some, milliseconds. */
const everyMs = { well: 30_000, ill: 2_000 };

/**
 * Whether the namespace has the search attributes: without them all event types are paused. Looked at before the first claim and then
 * regularly, since one can be removed while the process runs.
 */
export class SearchAttributeWatch {
  private missing: readonly string[] = [];

  constructor(
    private readonly deps: {
      readonly connection: Connection;
      readonly namespace: string;
      readonly pauses: PausesOfAll;
      readonly logger: Logger;
      readonly onResume: () => void;
    },
  ) {}

  /** What people must know; undefined: all is well. */
  get alarm(): string | undefined {
    return this.missing.length === 0 ? undefined : `SEARCH_ATTRIBUTE_MISSING: ${this.reason()}`;
  }

  /**
   * One look; returns the milliseconds until the next. Without one of the first four every start is refused, which the start
   * itself finds out. `Outcome` is written at the end of a run: without it runs fail their last task until it is back, and no
   * start shows it.
   */
  async look(): Promise<number> {
    const { connection, namespace, pauses, logger, onResume } = this.deps;
    try {
      this.missing = await missingSearchAttributes(connection, namespace);
    } catch (thrown) {
      // Not every login may ask, and some services do not offer it: then only failing starts show what is missing.
      logger.debug({ error: oneLine(thrown) }, 'search attributes cannot be listed');
      return everyMs.well;
    }
    const isMissing = this.missing.length > 0;
    const changed = catalogue.filter(({ type }) =>
      isMissing
        ? pauses.pause(type, 'SEARCH_ATTRIBUTE_MISSING', this.reason(), Infinity)
        : pauses.resume(type, 'SEARCH_ATTRIBUTE_MISSING'),
    );
    if (changed.length > 0 && isMissing)
      logger.error({ missing: this.missing }, 'all event types paused: search attributes are missing');
    if (changed.length > 0 && !isMissing) {
      logger.info('event types resumed: the search attributes are there');
      onResume();
    }
    return isMissing ? everyMs.ill : everyMs.well;
  }

  private reason(): string {
    return notRegistered(this.missing, this.deps.namespace);
  }
}

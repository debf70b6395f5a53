import { type ContentType } from '../../contracts/events/consequences';
import { isComing } from '../../outbox/progress.sql';
import { type Database } from '../../runtime/postgres';
import { query } from '../stores/pg-query';

/** How far the outboxes are, as their bridges report it: no effect looks into the outbox of another service. */
export class PgOutboxProgress {
  constructor(
    private readonly database: Database,
    private readonly options: { readonly silenceMs: number },
  ) {}

  /**
   * True while an event that may have created content of this type is not over: one written before `writtenBeforeMs` (epoch
   * milliseconds) that was neither given up nor on Kafka `settlingMs` ago. An outbox that reports nothing any more is waited for until
   * it was silent for `silenceMs`; one that never reported is not.
   */
  async isComing(contentType: ContentType, writtenBeforeMs: number, settlingMs: number): Promise<boolean> {
    const values = [contentType, writtenBeforeMs, settlingMs, this.options.silenceMs];
    const { rows } = await query<{ coming: boolean }>(this.database, isComing, values);
    return rows[0]?.coming === true;
  }
}

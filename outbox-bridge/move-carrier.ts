import { type MoveUnderWay, carryMoves } from '../outbox/moves/carry-moves';
import { type Logger } from '../runtime/logger';
import { type OutboxPools } from '../runtime/outbox-pools';

const movingMs = 500;

/** Carries on moves to an outbox that this process serves, until no aggregate waits for the old outbox any more. */
export class MoveCarrier {
  /** What waits, for people; undefined: nothing does. */
  note: string | undefined;
  private before: string | undefined;

  constructor(
    private readonly options: {
      readonly outbox: string;
      readonly outboxes: OutboxPools;
      readonly logger: Logger;
      /** Milliseconds between two looks while nothing moves. */
      readonly idleMs: number;
      /** Rows may be claimed that could not be: no writer announces them. */
      readonly onMoved: () => void;
    },
  ) {}

  /** Returns the milliseconds until the next look. */
  async look(): Promise<number> {
    const { outbox, outboxes, logger, idleMs, onMoved } = this.options;
    const of = (name: string) => (outboxes.names.includes(name) ? outboxes.of({ outbox: name }) : undefined);
    const left = await carryMoves(outboxes.of({ outbox }), of);
    this.note =
      left.length === 0 ? undefined : left.map((move) => waitText(move, of(move.other) !== undefined)).join('; ');
    if (this.note !== this.before)
      logger.info({ move: this.note ?? 'nothing waits any more' }, 'move between outboxes');
    if (left.length > 0 || this.note !== this.before) onMoved();
    this.before = this.note;
    return left.length === 0 ? idleMs : movingMs;
  }
}

function waitText({ other, open, unfinished }: MoveUnderWay, isKnown: boolean): string {
  if (!isKnown) return `what came from the outbox ${other} waits for it, and the settings do not name it (OUTBOXES)`;
  if (!open) return `what came from the outbox ${other} waits: too many aggregates have earlier events there`;
  return `${unfinished} aggregates wait for their earlier events in the outbox ${other}`;
}

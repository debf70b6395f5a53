import { type Domain } from '../../contracts/events/define';
import { type HeldUp } from './moving-service';

export interface MovedDomain {
  readonly domain: Domain;
  /** Its rows in the outbox that it left, and in its new one. */
  readonly left: number;
  readonly inNew: number;
  /** Neither of the two took rows for so long. */
  readonly closedMs: number;
}

/** What moves did to those who wrote, and to what they wrote. */
interface MoveFigures {
  readonly events: number;
  readonly seconds: number;
  /** Refusals that writers repeated, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  readonly moves: readonly MovedDomain[];
  readonly heldUp: readonly HeldUp[];
  readonly lost: number;
  readonly twice: number;
  readonly outOfOrder: number;
}

/** For docs/outboxes.md, as a person reads it. */
export function figuresText({ events, seconds, refused, moves, heldUp, ...proof }: MoveFigures): string {
  const reasons = [...refused].map(([reason, times]) => `${times} ${reason}`).join(', ');
  const moved = moves.map(({ domain, left, inNew, closedMs }) => {
    const waits = heldUp.filter((one) => one.domain === domain);
    const byBoth = waits.filter((one) => one.byBoth).length;
    const longest = Math.max(0, ...waits.map(({ ms }) => ms)).toFixed(1);
    const refusals = `${waits.length} inserts refused at first, ${byBoth} of them by both, the longest taken after ${longest} ms`;
    return `${domain}: ${left} rows in main, ${inNew} in its own outbox; neither took rows for ${closedMs.toFixed(1)} ms; ${refusals}`;
  });
  const rate = (events / seconds).toFixed(1);
  return [
    '',
    `moved under traffic: ${events} events in ${seconds.toFixed(0)} s, ${rate} per second; refused and repeated: ${reasons}`,
    ...moved,
    `lost ${proof.lost}, twice ${proof.twice}, out of order ${proof.outOfOrder}`,
    '',
  ].join('\n');
}

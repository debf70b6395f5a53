import { type PlannedFault } from '../types';
import { mayOverlap } from './fault-kinds';

/**
 * Keeps faults apart that must not last at the same time, also when one takes longer than planned: the later one waits. Of
 * two that wait, the first to come goes first.
 */
export class Apart {
  private readonly present: { readonly fault: PlannedFault; readonly left: Promise<void> }[] = [];

  /** Resolves when the fault may begin; the function that is returned says that it has ended. */
  async enter(fault: PlannedFault): Promise<() => void> {
    const before = this.present.filter((other) => !mayOverlap(other.fault, fault));
    let leave: () => void = () => undefined;
    const entry = { fault, left: new Promise<void>((resolve) => (leave = resolve)) };
    this.present.push(entry);
    await Promise.all(before.map(({ left }) => left));
    return () => {
      this.present.splice(this.present.indexOf(entry), 1);
      leave();
    };
  }
}

import { type Grant, type Line } from '../../outbox-bridge/slot-rules';
import { must } from './violation';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/**
 * Holds every grant of a process's slots to what is promised of them. Knows of the lines only what the rule is asked with, and has a count of
 * its own of who has a slot.
 */
export class SlotJudge {
  private readonly running = new Map<string, number>();

  /** The rule was asked, and this is its reply. */
  grants(grant: Grant | undefined, window: number, lines: ReadonlyMap<string, Line>): Grant | undefined {
    for (const [outbox, line] of lines) {
      const has = this.running.get(outbox) ?? 0;
      must(sum(line.running) === has, `outbox ${outbox} has ${has} slots, and ${sum(line.running)} are counted`);
    }
    const all = [...lines.values()];
    const running = sum(all.map((line) => sum(line.running)));
    const reserve = Math.max(1, Math.floor(window / 8));
    const inReserve = Math.min(sum(all.map((line) => line.running[0] ?? 0)), reserve);
    const isFree = (priority: number): boolean =>
      running < window && (priority === 0 || running - inReserve < window - reserve);
    const firstOf = (line: Line): number => line.waiting.findIndex((count) => count > 0);
    const eligible = [...lines].filter(([, line]) => firstOf(line) >= 0 && isFree(firstOf(line)));
    if (grant === undefined) {
      must(eligible.length === 0, `outbox ${eligible[0]?.[0]} waits for a slot that is free`);
      return undefined;
    }
    const found = eligible.find(([outbox, line]) => outbox === grant.outbox && firstOf(line) === grant.priority);
    must(found !== undefined, `outbox ${grant.outbox} gets a slot that is not free for priority ${grant.priority}`);
    const wanting = all.filter((line) => sum(line.running) + sum(line.waiting) > 0).length;
    const part = Math.max(1, Math.floor(window / 2 / wanting));
    const turnIsLeft = sum(all.map(({ byTurn }) => byTurn)) < window / 2;
    const poor = turnIsLeft ? eligible.filter(([, line]) => sum(line.running) < part) : [];
    if (poor.length > 0) {
      const mayBeNext = poor.some(([outbox]) => outbox === grant.outbox);
      must(mayBeNext, `outbox ${grant.outbox} gets the slot whose turn is that of ${poor[0]?.[0]}`);
    } else {
      const first = Math.min(...eligible.map(([, line]) => firstOf(line)));
      must(grant.priority === first, `a slot goes to priority ${grant.priority} before ${first}`);
    }
    this.running.set(grant.outbox, (this.running.get(grant.outbox) ?? 0) + 1);
    return grant;
  }

  released(outbox: string): void {
    this.running.set(outbox, (this.running.get(outbox) ?? 0) - 1);
  }
}

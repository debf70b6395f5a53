import { type AuditKind, type FindingKind } from '../../contracts/audit-kinds';

/** What seemed wrong at the first look. Nothing counts until a second, direct look says the same. */
export interface Suspicion {
  readonly kind: FindingKind;
  readonly eventId: string;
  /** What the second look needs to know of the first: a time, a count. */
  readonly evidence: number;
  /** What an earlier audit wrote of it, when this one only looks whether it is still there. */
  readonly known: string | null;
}

/** What an audit gathers, bounded in memory. */
export class Gathered {
  readonly examined = { rows: 0, runs: 0, records: 0, feeds: 0 };
  readonly notes: string[] = [];
  private readonly suspicions = new Map<string, Suspicion>();
  private readonly perKind = new Map<AuditKind, number>();
  private readonly explainedCounts = new Map<AuditKind, { count: number; examples: string[] }>();

  constructor(private readonly maxPerKind: number) {}

  suspect(kind: FindingKind, eventId: string, evidence = 0, known: string | null = null): void {
    const key = `${kind} ${eventId}`;
    const before = this.suspicions.get(key);
    if (before !== undefined) {
      // A fresh look at an old finding brings fresh evidence.
      this.suspicions.set(key, {
        kind,
        eventId,
        evidence: Math.max(evidence, before.evidence),
        known: before.known ?? known,
      });
      return;
    }
    const count = this.perKind.get(kind) ?? 0;
    if (count === this.maxPerKind)
      this.notes.push(`more than ${count} suspicions of ${kind}: the rest was not looked into`);
    this.perKind.set(kind, count + 1);
    if (count < this.maxPerKind) this.suspicions.set(key, { kind, eventId, evidence, known });
  }

  explained(kind: AuditKind, count: number, examples: readonly string[]): void {
    if (count === 0) return;
    const before = this.explainedCounts.get(kind) ?? { count: 0, examples: [] };
    this.explainedCounts.set(kind, {
      count: before.count + count,
      examples: [...before.examples, ...examples].slice(0, 3),
    });
  }

  all(): readonly Suspicion[] {
    return [...this.suspicions.values()];
  }

  allExplained(): ReadonlyMap<AuditKind, { count: number; examples: readonly string[] }> {
    return this.explainedCounts;
  }
}

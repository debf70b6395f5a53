import { type AuditKind, type FindingKind, type FoundInOutbox } from '../../contracts/audit-kinds';

/** What seemed wrong at the first look. Nothing counts until a second, direct look says the same. */
export interface Suspicion {
  readonly kind: FindingKind;
  readonly eventId: string;
  /** What the second look needs to know of the first: a time, a count. */
  readonly evidence: number;
  /** What an earlier audit wrote of it, when this one only looks whether it is still there. */
  readonly known: string | null;
  /** Of whose event it is; undefined: not known, or of no event. */
  readonly outbox: string | undefined;
}

type Evidence = Partial<Omit<Suspicion, 'kind' | 'eventId'>>;

/** What an audit gathers, bounded in memory. */
export class Gathered {
  readonly examined = { rows: 0, runs: 0, records: 0, feeds: 0 };
  readonly notes: string[] = [];
  private readonly suspicions = new Map<string, Suspicion>();
  private readonly elsewhere = new Map<string, Set<string>>();
  private readonly perKind = new Map<AuditKind, number>();
  private readonly explainedCounts = new Map<string, FoundInOutbox>();

  constructor(private readonly maxPerKind: number) {}

  suspect(kind: FindingKind, eventId: string, { evidence = 0, known = null, outbox }: Evidence = {}): void {
    const key = `${kind} ${eventId}`;
    const before = this.suspicions.get(key);
    if (before !== undefined) {
      // A fresh look at an old finding brings fresh evidence.
      this.suspicions.set(key, {
        kind,
        eventId,
        evidence: Math.max(evidence, before.evidence),
        known: before.known ?? known,
        outbox: before.outbox ?? outbox,
      });
      return;
    }
    const count = this.perKind.get(kind) ?? 0;
    if (count === this.maxPerKind)
      this.notes.push(`more than ${count} suspicions of ${kind}: the rest was not looked into`);
    this.perKind.set(kind, count + 1);
    if (count < this.maxPerKind) this.suspicions.set(key, { kind, eventId, evidence, known, outbox });
  }

  /** Says it once. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /** A run, or a message on Kafka, of an outbox that this process does not know: no lost event, and not judged. */
  ofUnknownOutbox(outbox: string, eventId: string): void {
    const before = this.elsewhere.get(outbox) ?? new Set<string>();
    this.elsewhere.set(outbox, before.add(eventId));
  }

  /** A note for each outbox that is not known. */
  noteUnknownOutboxes(): void {
    for (const [outbox, ids] of this.elsewhere)
      this.note(
        `${ids.size} events are of the outbox ${outbox}, which the settings of this process do not name (OUTBOXES); they were not judged: ${[...ids].slice(0, 3).join(', ')}`,
      );
  }

  /** @param outbox null: of no event, or of an event whose outbox is not known */
  explained(kind: AuditKind, outbox: string | null, count: number, examples: readonly string[]): void {
    if (count === 0) return;
    const key = `${kind} ${outbox ?? ''}`;
    const before = this.explainedCounts.get(key);
    this.explainedCounts.set(key, {
      ...{ kind, outbox },
      count: (before?.count ?? 0) + count,
      examples: [...(before?.examples ?? []), ...examples].slice(0, 3),
    });
  }

  all(): readonly Suspicion[] {
    return [...this.suspicions.values()];
  }

  allExplained(): readonly FoundInOutbox[] {
    return [...this.explainedCounts.values()];
  }
}

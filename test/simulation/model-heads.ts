interface ModelHead {
  /** No pending row was seen and a writer was open; looked at again at `lookAt`. */
  readonly vacantSince?: number;
  readonly lookAt?: number;
}

/** What may be left out of the heads on purpose, to show that the simulation notices. */
export interface HeadBreaks {
  /** The head goes with the last pending row, whether a writer of its aggregate is open or not. */
  readonly headGoesUnderWriter?: boolean;
  /** A vacant head is left as it is. */
  readonly vacantHeadsStay?: boolean;
}

/**
 * outbox_heads of migrations/outbox, a structure of its own: no claim finds a row whose aggregate has no head. When a head
 * wakes up follows from the rows here; that there is one does not. A writer makes one unless it sees one, under the lock
 * of its aggregate and long before its commit; the last mark takes it away, or leaves it as vacant while a writer is open.
 */
export class ModelHeads {
  private readonly heads = new Map<string, ModelHead>();
  /** Whether a writer of the aggregate is open. */
  isLocked: (aggregateId: string) => boolean = () => false;

  constructor(
    private readonly hasPending: (aggregateId: string) => boolean,
    private readonly breaks: HeadBreaks,
  ) {}

  has(aggregateId: string): boolean {
    return this.heads.has(aggregateId);
  }

  /** What `restore` brings back. */
  moment(): ReadonlyMap<string, ModelHead> {
    return new Map(this.heads);
  }

  restore(moment: ReadonlyMap<string, ModelHead>): void {
    this.heads.clear();
    for (const [aggregateId, head] of moment) this.heads.set(aggregateId, head);
  }

  /** By the commit of the writer that saw none. */
  make(aggregateId: string): void {
    if (!this.has(aggregateId)) this.heads.set(aggregateId, {});
  }

  isFound(aggregateId: string): boolean {
    const head = this.heads.get(aggregateId);
    return head !== undefined && head.vacantSince === undefined;
  }

  /** outbox_refresh_heads: after every change of the aggregate's rows. */
  refresh(aggregateId: string, now: number): void {
    if (this.hasPending(aggregateId)) return void this.heads.set(aggregateId, {});
    if (!this.isLocked(aggregateId) || this.breaks.headGoesUnderWriter === true)
      return void this.heads.delete(aggregateId);
    const vacantSince = this.heads.get(aggregateId)?.vacantSince ?? now;
    const restMs = Math.min(Math.max((now - vacantSince) / 4, 10), 1_000);
    this.heads.set(aggregateId, { vacantSince, lookAt: now + restMs });
  }

  /** The first step of a claim. */
  lookAtVacant(now: number): void {
    if (this.breaks.vacantHeadsStay === true) return;
    for (const [aggregateId, { lookAt }] of [...this.heads])
      if (lookAt !== undefined && lookAt <= now) this.refresh(aggregateId, now);
  }
}

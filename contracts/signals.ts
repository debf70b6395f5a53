/**
 * Signals, by name and payload. `workflows/` defines their handlers, `client/` and activities send them. A signal only
 * makes things faster: the tombstone or the row it speaks of is committed first and is what counts.
 */
export const signals = {
  /** The aggregate was deleted; payload: DeletedSignal. Running fan-outs stop between pages. */
  deleted: 'deleted',
  /** The media was claimed by its post; payload: MediaClaimedSignal. */
  mediaClaimed: 'mediaClaimed',
} as const;

export interface DeletedSignal {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly reason: string;
}

export interface MediaClaimedSignal {
  readonly postId: string;
  readonly mediaId: string;
}

/** What a workflow returns: shown in the Web UI as its result. */
export interface WorkflowResult {
  /** `done`, or why it ended otherwise. Other than `done` also goes to the search attribute Outcome. */
  readonly outcome: 'done' | 'stopped' | 'unclaimed' | 'skipped';
  /** Counts per effect: followers written, notifications created, … */
  readonly counts: Record<string, number>;
}

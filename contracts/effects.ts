interface WorkflowEntry {
  readonly meaning: string;
  /** Of normal priority: when a run is open for longer than this the audit asks why. */
  readonly openMinutes: number;
  /** The run may wait for a post beyond that, as long as MEDIA_CLAIM_WINDOW_MS says, whatever its priority. */
  readonly waitsForPost?: boolean;
}

interface EffectEntry {
  readonly meaning: string;
  /** Activities at once in one worker process: the default of `<EFFECT>_CONCURRENCY`. */
  readonly slots: number;
  /** Connections to PostgreSQL in one worker process; left out: WORKER_DB_CONNECTIONS. */
  readonly connections?: number;
  /**
   * The workflow types of this effect. The key is the name registered with Temporal (the exported function in
   * `workflows/`): renaming one strands its open runs.
   */
  readonly workflows: Readonly<Record<string, WorkflowEntry>>;
}

/**
 * The effects, and all there is to register of one: its name is the end of its task queue, and it has a pool of workers,
 * connections and slots of its own, so that a dead dependency delays only its own. Everything else is derived from here.
 */
export const effects = {
  feed: {
    meaning: 'Posts come into feeds and leave them.',
    slots: 20,
    workflows: {
      feedFanoutWorkflow: {
        meaning: 'A post appears: fan out to followers, claim its media, notify the mentioned.',
        openMinutes: 30,
      },
      postRefreshWorkflow: { meaning: 'A post was edited: refresh the cached summary.', openMinutes: 5 },
      retractionWorkflow: {
        meaning: 'Something was deleted or archived: tombstone, stop what runs, remove what went out.',
        openMinutes: 30,
      },
      followWorkflow: {
        meaning: 'A follow began or ended: fill or clear the feed, notify the followee.',
        openMinutes: 10,
      },
    },
  },
  media: {
    meaning: 'Uploads are linked to their posts.',
    slots: 20,
    workflows: {
      mediaLinkWorkflow: {
        meaning: 'An upload finished: link it to its post, or park it until the post claims it.',
        openMinutes: 10,
        waitsForPost: true,
      },
    },
  },
  notification: {
    meaning: 'People are notified, once per channel; notices of what was deleted are taken back.',
    slots: 40,
    workflows: {
      notificationWorkflow: {
        meaning: 'Decide who is notified, and deliver on each channel once.',
        openMinutes: 30,
      },
    },
  },
  identity: {
    meaning: 'What shows a user is refreshed or hidden.',
    slots: 10,
    workflows: {
      identityWorkflow: {
        meaning: 'A user was created, changed or deleted: refresh or hide what shows them.',
        openMinutes: 30,
      },
    },
  },
  kafka: {
    meaning: 'Each event is emitted to Kafka, in the order of its aggregate.',
    // Emits wait for each other’s batch, so many waiting ones make few, large batches.
    slots: 200,
    // They share one transaction at a time; the second connection replaces one that was lost.
    connections: 2,
    workflows: {
      emitWorkflow: {
        meaning: 'No orchestrated effect: only the Kafka event for passive subscribers.',
        openMinutes: 5,
      },
    },
  },
} as const satisfies Record<string, EffectEntry>;

export type Effect = keyof typeof effects;
export const effectNames = Object.keys(effects) as readonly Effect[];
export type WorkflowType = { [E in Effect]: keyof (typeof effects)[E]['workflows'] }[Effect];

/** One effect, without the literal types. */
export function effectOf(name: Effect): EffectEntry {
  return effects[name];
}

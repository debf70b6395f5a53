import { type Effect } from './effects';

/**
 * The workflow types, one per family of effects, and the task queue each runs on. The key is the name registered with
 * Temporal (the exported function in `workflows/`): renaming one strands its open runs.
 */
export const workflowTypes = {
  feedFanoutWorkflow: {
    queue: 'feed',
    meaning: 'A post appears: fan out to followers, claim its media, notify the mentioned.',
  },
  postRefreshWorkflow: { queue: 'feed', meaning: 'A post was edited: refresh the cached summary.' },
  retractionWorkflow: {
    queue: 'feed',
    meaning: 'Something was deleted or archived: tombstone, stop what runs, remove what went out.',
  },
  followWorkflow: { queue: 'feed', meaning: 'A follow began or ended: fill or clear the feed, notify the followee.' },
  mediaLinkWorkflow: {
    queue: 'media',
    meaning: 'An upload finished: link it to its post, or park it until the post claims it.',
  },
  notificationWorkflow: { queue: 'notification', meaning: 'Decide who is notified, and deliver on each channel once.' },
  identityWorkflow: {
    queue: 'identity',
    meaning: 'A user was created, changed or deleted: refresh or hide what shows them.',
  },
  emitWorkflow: { queue: 'kafka', meaning: 'No orchestrated effect: only the Kafka event for passive subscribers.' },
} as const satisfies Record<string, { queue: QueueName; meaning: string }>;

export type WorkflowType = keyof typeof workflowTypes;

/** One task queue and one worker pool per effect, so that a dead dependency delays only its own. */
export const queueNames = ['feed', 'media', 'notification', 'identity', 'kafka'] as const;
export type QueueName = (typeof queueNames)[number];

/** `nova` + `feed` → `nova-feed`. The prefix separates deployments (and test files) that share a namespace. */
export function taskQueue(prefix: string, queue: QueueName): string {
  return `${prefix}-${queue}`;
}

/**
 * The queue of another effect in the same deployment as `current`. Workflow code has no configuration, but it knows its
 * own queue: `nova-feed` and `kafka` → `nova-kafka`.
 */
export function siblingQueue(current: string, queue: QueueName): string {
  return taskQueue(current.slice(0, current.lastIndexOf('-')), queue);
}

/** Which pool runs the activities of each effect. */
export const effectQueue: Record<Effect, QueueName> = {
  'feed.fanout': 'feed',
  'feed.refresh': 'feed',
  'feed.retract': 'feed',
  'feed.follow': 'feed',
  'media.link': 'media',
  'media.claim': 'media',
  notify: 'notification',
  'notify.retract': 'notification',
  identity: 'identity',
  'kafka.emit': 'kafka',
};

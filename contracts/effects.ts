/** What an event can cause. The catalogue lists them per event type; each has an activity group behind it. */
export const effects = {
  'feed.fanout': 'put the post into the feeds of its author’s followers',
  'feed.refresh': 'refresh the cached post summary',
  'feed.retract': 'take the post out of every feed',
  'feed.follow':
    'make or end the follow (`FOLLOWS_FROM_EVENTS`), and fill the follower’s feed with the followee’s posts, or take them out',
  'media.link': 'link the upload to its post, or park it until the post claims it',
  'media.claim': 'link the uploads that were parked for this post',
  notify: 'notify the people whom the event concerns, once per channel',
  'notify.retract': 'take back the in-app notifications about what was deleted',
  identity: 'refresh or hide what shows the user',
  'kafka.emit': 'emit the event to Kafka, in the order of its aggregate',
} as const;

export type Effect = keyof typeof effects;

import { z } from 'zod';
import { anyAggregate, defineEvent, timestamp, uuid } from './define';

export const liveStreamStarted = defineEvent({
  type: 'live.stream.started',
  meaning: 'A live stream began; the streamer’s followers are notified while it still matters.',
  aliases: ['LiveStreamStarted', 'live_stream_started'],
  version: 1,
  priority: 'critical',
  domain: 'live',
  aggregateType: 'stream',
  partitionKey: 'stream_id',
  actor: 'user_id',
  aggregate: anyAggregate('a stream has one event'),
  workflow: 'notificationWorkflow',
  schema: z.looseObject({
    stream_id: uuid(),
    user_id: uuid(),
    title: z.string().max(500).optional(),
    started_at: timestamp().optional(),
  }),
  notifies: (stream) => ({
    actorId: stream.user_id,
    subject: { type: 'stream', id: stream.stream_id },
    item: { type: 'stream', id: stream.stream_id },
    voidedBy: [{ type: 'user', id: stream.user_id }],
    notified: [],
    followersOf: { userId: stream.user_id, kind: 'live.started' },
  }),
});

export const securityAlertRaised = defineEvent({
  type: 'security.alert.raised',
  meaning: 'Something happened to an account that its owner must know now.',
  aliases: ['SecurityAlert', 'SecurityAlertRaised', 'security_alert'],
  version: 1,
  priority: 'critical',
  domain: 'security',
  aggregateType: 'user',
  partitionKey: 'user_id',
  // The person who is warned has caused nothing.
  actor: null,
  aggregate: anyAggregate('each alert stands for itself'),
  workflow: 'notificationWorkflow',
  schema: z.looseObject({
    alert_id: uuid(),
    user_id: uuid(),
    kind: z.enum(['new_login', 'password_changed', 'email_changed', 'suspicious_activity']),
    raised_at: timestamp().optional(),
  }),
  notifies: (alert) => ({
    actorId: null,
    subject: { type: 'user', id: alert.user_id },
    item: { type: 'alert', id: alert.alert_id },
    voidedBy: [{ type: 'user', id: alert.user_id }],
    notified: [{ kind: 'security.alert', userIds: [alert.user_id] }],
    detail: alert.kind,
  }),
});

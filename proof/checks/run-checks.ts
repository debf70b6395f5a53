import { type Client } from '@temporalio/client';
import { type Pool } from 'pg';
import { type KafkaReader } from '../observe/kafka-reader';
import { readRedis } from '../observe/redis-reader';
import { listRuns } from '../observe/workflow-runs';
import { type ReceivedMail } from '../observe/mail-sink';
import { type CheckResult } from './check';
import { checkEmails } from './emails';
import { expectedNotifications } from './expected-notifications';
import { checkFeeds } from './feeds';
import { checkKafka } from './kafka';
import { checkMedia, type MediaLink } from './media';
import { checkNotifications, type NotificationRow } from './notifications';
import { checkPostsShown } from './posts-shown';
import { type Truth } from './truth';
import { checkWorkflows } from './workflows';

interface Evidence {
  readonly truth: Truth;
  readonly unaccounted: readonly string[];
  readonly reachable: ReadonlySet<string>;
  readonly pool: Pool;
  readonly client: Client;
  readonly workflowQuery: string;
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly kafka: KafkaReader;
  readonly mails: readonly ReceivedMail[];
}

/** Looks at every server with clients of the demo's own, and compares what is there with what must be there. */
export async function runChecks(evidence: Evidence, detail: (text: string) => void): Promise<CheckResult[]> {
  const { truth, pool, client, workflowQuery, kafka } = evidence;
  detail('reading Kafka to its end');
  await kafka.readToEnd(20_000);
  detail('listing the workflows');
  const runs = await listRuns(client, workflowQuery, truth.events.length);
  detail('reading the feeds');
  const redis = await readRedis(evidence.redis.url, evidence.redis.prefix);
  detail('reading the tables');
  const { rows: notifications } = await pool.query<NotificationRow & { subjectType: string; subjectId: string }>(
    `SELECT event_id AS "eventId", recipient_id AS "recipientId", kind, in_app AS "inApp",
       retracted_at IS NOT NULL AS retracted, subject_type AS "subjectType", subject_id AS "subjectId" FROM nova.notifications`,
  );
  const { rows: links } = await pool.query<MediaLink>(
    'SELECT post_id AS "postId", media_id AS "mediaId" FROM nova.post_media',
  );
  const notified = notifications
    .filter(({ retracted, subjectType }) => !retracted && subjectType === 'post')
    .map(({ subjectId: postId, eventId }) => ({ postId, eventId }));
  detail('comparing');
  const expected = expectedNotifications(truth);
  const { reachable } = evidence;
  return [
    checkWorkflows(truth, runs, evidence.unaccounted),
    checkKafka(truth, kafka.messages),
    checkFeeds(truth, redis),
    checkPostsShown(truth, { redis, notified }),
    checkNotifications(expected, notifications),
    checkEmails({ expected, reachable, preferences: truth.preferences }, evidence.mails),
    checkMedia(truth, links, runs),
  ];
}

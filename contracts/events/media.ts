import { z } from 'zod';
import { anyAggregate, defineEvent, timestamp, url, uuid } from './define';

export const mediaUploadCompleted = defineEvent({
  type: 'media.upload.completed',
  meaning: 'An upload finished; it is linked to its post, or parked for an hour until a post claims it.',
  aliases: ['MediaUploaded', 'media_uploaded', 'media.uploaded'],
  version: 1,
  priority: 'normal',
  domain: 'media',
  aggregateType: 'upload',
  partitionKey: 'upload_id',
  actor: 'user_id',
  aggregate: anyAggregate('an upload has one event'),
  workflow: 'mediaLinkWorkflow',
  schema: z.looseObject({
    upload_id: uuid(),
    media_id: uuid(),
    user_id: uuid(),
    file_name: z.string().max(1_000),
    size_bytes: z.int().nonnegative(),
    uploaded_at: timestamp().optional(),
    post_id: uuid().optional(),
    media_url: url().optional(),
  }),
});

import { randomUUID } from 'node:crypto';
import { type Transaction } from '../business';
import { writePost } from './posts';
import { type Scenario } from './scenario';

interface Upload {
  readonly mediaId: string;
  readonly userId: string;
  /** When the app already knows the post. */
  readonly postId?: string;
}

/** The media service's own transaction. */
async function completeUpload(tx: Transaction, { mediaId, userId, postId }: Upload): Promise<void> {
  const uploadId = randomUUID();
  const values = [uploadId, mediaId, userId];
  await tx.query('INSERT INTO business.uploads (upload_id, media_id, user_id) VALUES ($1, $2, $3)', values);
  await tx.publish({
    type: 'media.upload.completed',
    payload: {
      upload_id: uploadId,
      media_id: mediaId,
      user_id: userId,
      file_name: 'picture.jpg',
      size_bytes: 1_024 * 1_024,
      ...(postId === undefined ? {} : { post_id: postId }),
    },
  });
}

const uploadFirst: Scenario = {
  name: 'upload before its post',
  weight: 3,
  events: 2,
  async run({ business, world, pause }, random) {
    const [mediaId, userId] = [randomUUID(), world.user(random)];
    if (!(await business.transaction(random, (tx) => completeUpload(tx, { mediaId, userId })))) return;
    await pause(random.below(500));
    const post = { post_id: randomUUID(), user_id: userId, media_type: 'image' as const, media_ids: [mediaId] };
    await business.transaction(random, (tx) => writePost(tx, world, random, post));
  },
};

const postFirst: Scenario = {
  name: 'upload after its post',
  weight: 3,
  events: 2,
  async run({ business, world, pause }, random) {
    const [mediaId, userId] = [randomUUID(), world.user(random)];
    const post = { post_id: randomUUID(), user_id: userId, media_type: 'video' as const, media_ids: [mediaId] };
    if (!(await business.transaction(random, (tx) => writePost(tx, world, random, post)))) return;
    await pause(random.below(500));
    await business.transaction(random, (tx) => completeUpload(tx, { mediaId, userId }));
  },
};

const uploadNamesPost: Scenario = {
  name: 'upload that names its post',
  weight: 2,
  events: 2,
  async run({ business, world, pause }, random) {
    const [mediaId, postId, userId] = [randomUUID(), randomUUID(), world.user(random)];
    const post = { post_id: postId, user_id: userId };
    if (!(await business.transaction(random, (tx) => writePost(tx, world, random, post)))) return;
    await pause(random.below(200));
    await business.transaction(random, (tx) => completeUpload(tx, { mediaId, userId, postId }));
  },
};

const together: Scenario = {
  name: 'upload and post in one transaction',
  weight: 2,
  events: 2,
  async run({ business, world }, random) {
    const [mediaId, userId] = [randomUUID(), world.user(random)];
    const post = { post_id: randomUUID(), user_id: userId, media_type: 'image' as const, media_ids: [mediaId] };
    await business.transaction(random, async (tx) => {
      await completeUpload(tx, { mediaId, userId });
      await writePost(tx, world, random, post);
    });
  },
};

const orphan: Scenario = {
  name: 'upload that no post ever claims',
  weight: 2,
  events: 1,
  early: true,
  async run({ business, world }, random) {
    const [mediaId, userId] = [randomUUID(), world.user(random)];
    await business.transaction(random, (tx) => completeUpload(tx, { mediaId, userId }));
  },
};

export const mediaScenarios = [uploadFirst, postFirst, uploadNamesPost, together, orphan];

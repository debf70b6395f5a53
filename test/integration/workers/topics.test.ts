import { randomUUID } from 'node:crypto';
import { topicNames } from '../../../contracts/kafka';
import { ensureTopics } from '../../../workers/topics';
import { type TestTopics, collect, createTestTopics, withAdmin } from '../../support/kafka';
import { override } from '../../support/override';
import { waitFor } from '../../support/wait-for';

let topics: TestTopics;
beforeAll(async () => (topics = await createTestTopics(['media'])));
afterAll(() => topics.drop());

it('topics that workers make carry the broker’s time, whatever the clock of the worker that sends says', async () => {
  const sentAtMs = Date.now();
  const hourMs = 3_600_000;
  const producer = topics.kafka.producer();
  await producer.connect();
  const messages = [-hourMs, hourMs].map((offMs) => ({ value: '{}', timestamp: String(sentAtMs + offMs) }));
  await producer.send({ topic: topics.topics.media, messages });
  await producer.disconnect();
  const collector = await collect(topics.kafka, [topics.topics.media]);
  await waitFor(() => collector.messages.length === messages.length);
  await collector.stop();
  for (const { storedAtMs } of collector.messages) expect(Math.abs(storedAtMs - sentAtMs)).toBeLessThan(hourMs / 2);
});

it('topics are waited for when the broker says "created" before it knows them', async () => {
  const { kafka } = topics;
  const all = topicNames(`test-${randomUUID().slice(0, 8)}`);
  let created: Promise<boolean> | undefined;
  const hasty = override(kafka, {
    admin: (config) => {
      const admin = kafka.admin(config);
      const later = async (request: Parameters<typeof admin.createTopics>[0]) => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return withAdmin(kafka, (other) => other.createTopics(request));
      };
      return override(admin, {
        createTopics: (request) => {
          created = later(request);
          return Promise.resolve(true);
        },
      });
    },
  });
  const made = await ensureTopics(hasty, all, { replicationFactor: 1 });
  const [known] = await Promise.all([withAdmin(kafka, (admin) => admin.listTopics()), created]);
  expect(made.sort()).toEqual(Object.values(all).sort());
  expect(known).toEqual(expect.arrayContaining(made));
  await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: made }));
});

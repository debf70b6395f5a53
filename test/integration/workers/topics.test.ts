import { type TestTopics, collect, createTestTopics } from '../../support/kafka';
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

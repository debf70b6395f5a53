import fc from 'fast-check';
import { batchesUnderLimit } from '../../../../activities/emit/kafka-chunks';
import { type OutgoingEvent } from '../../../../activities/emit/event-sink';

const event = (bytes: number, i = 0): OutgoingEvent => ({
  eventId: String(i),
  topic: 't',
  key: 'k',
  headers: {},
  body: 'x'.repeat(bytes),
});

it('keeps every message and their order, within the limit, and leaves large ones alone', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 40 }), (sizes) => {
      const events = sizes.map(event);
      const chunks = batchesUnderLimit(events);
      expect(chunks.flat()).toEqual(events);
      for (const chunk of chunks) {
        const bytes = chunk.reduce((sum, { body }) => sum + body.length, 0);
        expect(chunk.length).toBeGreaterThan(0);
        expect(
          chunk.length === 1 || (bytes <= 512 * 1024 && chunk.every(({ body }) => body.length <= 128 * 1024)),
        ).toBe(true);
      }
    }),
  );
});

it('sends many small messages as one', () => {
  expect(batchesUnderLimit(Array.from({ length: 500 }, (_, i) => event(300, i)))).toHaveLength(1);
});

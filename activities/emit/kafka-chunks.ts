import { type OutgoingEvent } from './event-sink';

/** A broker's limit counts the whole batch of a partition; its default is 1 MiB. */
const chunkBytes = 512 * 1024;
/** A message this large goes alone: if the broker refuses it, nothing else of its batch is in doubt. */
const aloneBytes = 128 * 1024;
/** Record framing and header lengths, generously. */
const overheadBytes = 100;

/** Cuts messages into batches, in order, that the broker takes one by one under its default limits. */
export function batchesUnderLimit(events: readonly OutgoingEvent[]): OutgoingEvent[][] {
  const chunks: OutgoingEvent[][] = [];
  let open: OutgoingEvent[] = [];
  let openBytes = 0;
  for (const event of events) {
    const bytes = sizeOf(event);
    const alone = bytes > aloneBytes;
    if (open.length > 0 && (alone || openBytes + bytes > chunkBytes)) {
      chunks.push(open);
      open = [];
      openBytes = 0;
    }
    if (alone) chunks.push([event]);
    else {
      open.push(event);
      openBytes += bytes;
    }
  }
  if (open.length > 0) chunks.push(open);
  return chunks;
}

function sizeOf({ key, body, headers }: OutgoingEvent): number {
  const texts = [key, body, ...Object.entries(headers).flat()];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), overheadBytes);
}

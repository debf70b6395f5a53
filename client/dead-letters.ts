import { type Kafka, type KafkaMessage, type Producer } from 'kafkajs';
import { deadLetterHeaders } from '../contracts/kafka';
import { oneLine } from '../runtime/errors';

export interface DeadLetterOptions {
  /** Topic for what is given up. It must exist; while it does not, the partition waits. */
  readonly topic: string;
  /**
   * Tries after which an event is given up. Default 10: with the pauses between them some six minutes. They are counted by the
   * process: after a restart, or when the partition moves, they begin again.
   */
  readonly afterTries?: number;
}

/** Where a message was read. */
export interface MessagePlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** An event that no try can handle: it is given up at once. */
export class InvalidEvent extends Error {}

/**
 * Thrown by a handler when the event is not at fault: what it needs is away. The event is tried again without end, and the try
 * is not counted.
 */
export class RetryLater extends Error {}

const longestError = 2_000;

/** Counts the failed tries of the event that each partition is at. */
export class FailedTries {
  private readonly tries = new Map<string, { readonly offset: string; count: number }>();

  /** Counts one more and returns how many there were. */
  failed(at: MessagePlace): number {
    const count = this.triesOf(at) + 1;
    this.tries.set(`${at.topic}/${at.partition}`, { offset: at.offset, count });
    return count;
  }

  triesOf(at: MessagePlace): number {
    const known = this.tries.get(`${at.topic}/${at.partition}`);
    return known?.offset === at.offset ? known.count : 0;
  }
}

/** Decides which event is given up, and sends it on. */
export class DeadLetters {
  readonly afterTries: number;
  private producer: Producer | undefined;

  /** @throws RangeError when `afterTries` is not a whole number above zero */
  constructor(
    private readonly kafka: Kafka,
    private readonly group: string,
    private readonly options: DeadLetterOptions,
  ) {
    this.afterTries = options.afterTries ?? 10;
    if (!Number.isSafeInteger(this.afterTries) || this.afterTries < 1)
      throw new RangeError(`subscriber ${group}: afterTries is ${this.afterTries}; give a whole number above 0`);
  }

  givesUp(error: unknown, tries: number): boolean {
    return error instanceof InvalidEvent || tries >= this.afterTries;
  }

  /** What a person should hear of an event that is given up: nothing else of this group does. */
  farewell(eventId: string, error: Error, tries: number): Error {
    const times = tries === 1 ? 'one try' : `${tries} tries`;
    const end = `is given up after ${times}, and goes to ${this.options.topic}`;
    return new Error(`event ${eventId} ${end}: ${error.message}`, { cause: error });
  }

  /** Resolves when all replicas that must have it have it. @throws what Kafka says */
  async send(at: MessagePlace, message: KafkaMessage, error: Error, tries: number): Promise<void> {
    const producer = await this.connected();
    const headers = {
      ...message.headers,
      [deadLetterHeaders.group]: this.group,
      [deadLetterHeaders.topic]: at.topic,
      [deadLetterHeaders.partition]: String(at.partition),
      [deadLetterHeaders.offset]: at.offset,
      [deadLetterHeaders.error]: oneLine(error, longestError),
      [deadLetterHeaders.tries]: String(tries),
    };
    const letter = { key: message.key, value: message.value, headers };
    const { topic } = this.options;
    await producer.send({ topic, acks: -1, messages: [letter] }).catch((thrown: unknown) => {
      const problem = `dead letters: the topic ${JSON.stringify(topic)} takes no message; does it exist, and may this login write it?`;
      throw new Error(`${problem} ${oneLine(thrown)}`, { cause: thrown });
    });
  }

  async stop(): Promise<void> {
    await this.producer?.disconnect();
  }

  private async connected(): Promise<Producer> {
    this.producer ??= this.kafka.producer({ allowAutoTopicCreation: false });
    await this.producer.connect();
    return this.producer;
  }
}

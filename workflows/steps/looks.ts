import { type Payload, type RawValue, defaultPayloadConverter } from '@temporalio/common';
import { decode } from '@temporalio/common/lib/encoding';
import { type SignalDefinition, log, patched, setHandler, upsertMemo } from '@temporalio/workflow';
import { type EventRef } from '../../contracts/event-ref';
import { memoNames } from '../../contracts/memo';

/**
 * How many signals make a run look. Each look may cost an activity, and a history has an end. More are of no use: what
 * a signal announces is found without it as well, at the next page, at the next try of a delivery, or when the window
 * of an upload ends.
 */
const looksPerRun = 20;

/** Signals of one kind, which only say "look now": the tombstone or the row that they speak of is what counts. */
export class Looks {
  private readonly traced = new Map<string, string>();

  /** @param taken looks that the runs before this one have had, where one run continues another */
  constructor(
    private readonly event: EventRef,
    private taken = 0,
  ) {}

  /** Looks so far: what a successor is given. */
  get count(): number {
    return this.taken;
  }

  /** Calls `look` for each signal that can be read, up to the limit. The others are ignored and leave a trace. */
  on(signal: SignalDefinition<RawValue[]>, look: () => void): void {
    setHandler(signal, (...args) => {
      const unreadable = firstUnreadable(args);
      if (unreadable !== undefined) return this.ignore(signal.name, 'cannot be read', unreadable);
      // Runs of the version before looked without limit; only one that got so many signals has the marker.
      if (this.taken >= looksPerRun && patched('looks-are-limited'))
        return this.ignore(signal.name, 'too many', `this run has looked ${this.taken} times`);
      this.taken++;
      look();
    });
  }

  /** Once per reason: thousands of signals must not become thousands of history events and log lines. */
  private ignore(signal: string, reason: string, detail: string): void {
    if (this.traced.has(reason)) return;
    const text = `${signal}: ${reason} (${detail})`;
    this.traced.set(reason, text);
    log.warn('a signal was ignored, and so is every further one like it', {
      event_id: this.event.eventId,
      reason: text,
    });
    upsertMemo({ [memoNames.ignoredSignals]: [...this.traced.values()] });
  }
}

/** Says what is wrong without a byte of the content, which may be personal. */
function firstUnreadable(args: readonly RawValue[]): string | undefined {
  for (const [i, { payload }] of args.entries()) {
    try {
      defaultPayloadConverter.fromPayload(payload);
    } catch {
      return `argument ${i + 1} of ${args.length}: ${described(payload)}`;
    }
  }
  return undefined;
}

function described({ metadata, data }: Payload): string {
  const encoding = metadata?.['encoding'];
  // Chosen by the sender, so only its beginning.
  const name = encoding == null ? 'none' : JSON.stringify(decode(encoding.subarray(0, 30)));
  return `encoding ${name}, ${data?.length ?? 0} bytes`;
}

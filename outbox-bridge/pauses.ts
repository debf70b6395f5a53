import { type EventType, catalogue, definitionOf, spellingsOf, workflowsOf } from '../contracts/catalogue';
import { type FailureCode } from '../contracts/failures';
import { type QueueName, workflowTypes } from '../contracts/workflow-types';
import { HandPauses } from './hand-pauses';

export interface Pause {
  readonly code: FailureCode;
  readonly detail: string;
  readonly sinceMs: number;
  /** When one claim may try again; infinite while a check, not a try, must lift the pause. */
  readonly untilMs: number;
}

/** Spellings that are in no catalogue of ours: writers can invent any number. */
const mostUnknown = 100;

/** A pause whose try came due this long ago and that no failure renewed, milliseconds: nothing of its type is pending. */
const staleAfterMs = 15_000;

/**
 * Event types that are not claimed because the deployment would fail every one of them: a missing search attribute, a
 * queue without workers. Their rows wait untouched, in order, and the others go on.
 */
export class Pauses {
  private readonly byType = new Map<string, Pause>();
  /** Those of people: no try lifts them. */
  readonly byHand: HandPauses;

  /** @param now milliseconds of a monotonic clock: a step of the wall clock must not make a pause last an hour */
  constructor(private readonly now: () => number) {
    this.byHand = new HandPauses(now);
  }

  /** Pauses a type; a try is due after `retryAfterMs`. Returns true when it was not paused before. */
  pause(type: string, code: FailureCode, detail: string, retryAfterMs: number): boolean {
    const before = this.byType.get(type);
    this.byType.set(type, { code, detail, sinceMs: before?.sinceMs ?? this.now(), untilMs: this.now() + retryAfterMs });
    return before === undefined;
  }

  /**
   * The same for a spelling that no type of this process has, or for anything else that only people read. Of more than a
   * hundred the one that is tried soonest is forgotten: its rows back off all the same, and memory and claims stay small.
   */
  pauseUnknown(spelling: string, code: FailureCode, detail: string, retryAfterMs: number): boolean {
    const isNew = !this.byType.has(spelling);
    const unknown = [...this.byType.keys()].filter((name) => definitionOf(name) === undefined);
    const [soonest] = unknown;
    if (isNew && soonest !== undefined && unknown.length >= mostUnknown) this.byType.delete(soonest);
    return this.pause(spelling, code, detail, retryAfterMs);
  }

  /** Lifts pauses of this code on a type, or of any code. Returns true when there was one. */
  resume(type: EventType, code?: FailureCode): boolean {
    const pause = this.byType.get(type);
    if (pause === undefined || (code !== undefined && pause.code !== code)) return false;
    return this.byType.delete(type);
  }

  /** Every spelling of every type that must not be claimed now; a type whose retry is due is left out. */
  spellings(): string[] {
    const now = this.now();
    const found = this.current()
      // A version is no part of a spelling: such a pause is for people only.
      .filter(([, pause]) => pause.untilMs > now && pause.code !== 'UNSUPPORTED_VERSION')
      .flatMap(([name]) => {
        const type = definitionOf(name)?.type;
        return type === undefined ? [name] : spellingsOf(type);
      });
    return [...new Set([...found, ...this.byHand.spellings()])];
  }

  /** For people: type → code and detail. */
  describe(): Record<string, string> {
    const found = Object.fromEntries(this.current().map(([type, pause]) => [type, `${pause.code}: ${pause.detail}`]));
    // Of two reasons the one that a person must lift.
    return { ...found, ...this.byHand.describe() };
  }

  /** Forgets what is stale: with no row of its type to try, nothing else would ever lift it. */
  private current(): [string, Pause][] {
    const staleBeforeMs = this.now() - staleAfterMs;
    for (const [type, { untilMs }] of this.byType) if (untilMs < staleBeforeMs) this.byType.delete(type);
    return [...this.byType];
  }
}

/** Every event type that may start a workflow on this queue. */
export function typesOnQueue(queue: QueueName): EventType[] {
  return catalogue
    .filter((definition) => workflowsOf(definition).some((type) => workflowTypes[type].queue === queue))
    .map(({ type }) => type);
}

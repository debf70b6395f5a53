import { type EventType } from '../contracts/catalogue';
import { type FailureCode } from '../contracts/failures';
import { type Pauses } from './pauses';

/** The pauses of every outbox that this process serves, for what stops a type in all of them. */
export class PausesOfAll {
  constructor(private readonly all: () => readonly Pauses[]) {}

  /** Returns true when the type was not paused before in one of them. */
  pause(type: EventType, code: FailureCode, detail: string, retryAfterMs: number): boolean {
    return this.all().filter((pauses) => pauses.pause(type, code, detail, retryAfterMs)).length > 0;
  }

  /** Lifts pauses of this code. Returns true when there was one. */
  resume(type: EventType, code: FailureCode): boolean {
    return this.all().filter((pauses) => pauses.resume(type, code)).length > 0;
  }
}

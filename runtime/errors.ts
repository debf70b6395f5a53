import { type FailureCode, NovaError } from '../contracts/failures';

/** Anything thrown, as an Error: `throw "x"` and rejected non-errors keep their text. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The code of an expected failure, or undefined for a bug. */
export function codeOf(thrown: unknown): FailureCode | undefined {
  return thrown instanceof NovaError ? thrown.code : undefined;
}

/** One line without line breaks, bounded: fit for a log line or `last_error`. */
export function oneLine(thrown: unknown, limit = 500): string {
  const text = toError(thrown).message.replace(/\s+/g, ' ').trim();
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** `TypeError: it is not there`: type or code before the message, unless that says it, or says nothing. */
export function withType(type: string | null | undefined, message: string): string {
  return type == null || type === '' || type === 'Error' || message.startsWith(type) ? message : `${type}: ${message}`;
}

import { isUuid } from '../runtime/uuid';

/** @throws RangeError naming the value, what it is and what it may be */
export function wholeNumber(what: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${what} is ${value}; give a whole number from ${least} to ${most}`);
}

/** @throws RangeError: PostgreSQL would refuse it too, but with its own words and the caller's transaction */
export function uuidOf(what: string, value: string): string {
  if (isUuid(value)) return value.toLowerCase();
  throw new RangeError(`${what} must be a UUID, got ${JSON.stringify(value).slice(0, 100)}`);
}

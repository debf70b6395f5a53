import { NovaError } from '../contracts/failures';

const codes = ['OUTBOX_MOVED', 'OUTBOX_NOT_OPEN'] as const;

/** Drivers name it differently, and ORMs wrap what drivers throw. */
interface DriverError {
  readonly constraint?: unknown;
  readonly constraint_name?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** Rejects with a NovaError where the outbox itself has refused a row, and with what the driver says of everything else. */
export async function orRefused(inserting: Promise<unknown>): Promise<void> {
  try {
    await inserting;
  } catch (thrown) {
    throw refusalIn(thrown);
  }
}

function refusalIn(thrown: unknown): unknown {
  let error = thrown as DriverError | null | undefined;
  for (let depth = 0; depth < 5 && typeof error === 'object' && error !== null; depth++) {
    const { constraint, constraint_name: name, message } = error;
    const code = codes.find((one) => one === constraint || one === name);
    if (code !== undefined)
      return new NovaError(code, String(message).replace(new RegExp(`^.*?${code}: `, 's'), ''), { cause: thrown });
    error = error.cause as DriverError | undefined;
  }
  return thrown;
}

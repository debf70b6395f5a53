import { isGrpcServiceError } from '@temporalio/client';

/** What Temporal replied, where it stands among the causes of an error; undefined: it did not reply. */
export function serviceErrorIn(thrown: unknown) {
  for (let error: unknown = thrown; error instanceof Error; error = error.cause)
    if (isGrpcServiceError(error)) return error;
  return undefined;
}

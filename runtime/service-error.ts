import { isGrpcServiceError } from '@temporalio/client';

/** gRPC status codes, https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const grpcStatus = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type GrpcStatus = keyof typeof grpcStatus;

/** What Temporal replied, where it stands among the causes of an error; undefined: it did not reply. */
export function serviceErrorIn(thrown: unknown) {
  for (let error: unknown = thrown; error instanceof Error; error = error.cause)
    if (isGrpcServiceError(error)) return error;
  return undefined;
}

/** The status of that reply, by its name; undefined: none that is known. */
export function grpcStatusOf(thrown: unknown): GrpcStatus | undefined {
  const code = serviceErrorIn(thrown)?.code as number | undefined;
  return (Object.keys(grpcStatus) as GrpcStatus[]).find((name) => grpcStatus[name] === code);
}

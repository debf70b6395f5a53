import { isGrpcServiceError } from '@temporalio/client';
import { NamespaceNotFoundError, PayloadConverterError, ValueError } from '@temporalio/common';
import { type FailureCode } from '../contracts/failures';
import { oneLine, toError } from '../runtime/errors';

/** gRPC status codes, https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const grpc = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAUTHENTICATED: 16,
} as const;

const notSent = [TypeError, RangeError, ValueError, PayloadConverterError];

/**
 * Which of the catalogue's failures a Temporal call met. The one place that looks at Temporal's texts: the server
 * distinguishes these cases in no other way (observed on 1.29.1 and 1.32.0, hard-problems 2.7).
 */
export function classifyTemporalError(thrown: unknown): { code: FailureCode; detail: string } {
  const detail = oneLine(rootOf(thrown));
  return { code: codeOf(thrown, detail), detail };
}

function codeOf(thrown: unknown, detail: string): FailureCode {
  if (thrown instanceof NamespaceNotFoundError) return 'NAMESPACE_MISSING';
  // Thrown on this side before anything was sent, for what the row holds: an outage here would be one without an end.
  if (notSent.some((kind) => thrown instanceof kind)) return 'START_REFUSED';
  switch (grpcCode(thrown)) {
    case grpc.INVALID_ARGUMENT:
      // Only what is true for every row of the type may pause the type: not a value that is too long.
      if (/search attribute/i.test(detail) && !/size limit|exceed|invalid value/i.test(detail))
        return 'SEARCH_ATTRIBUTE_MISSING';
      return /blob data size/i.test(detail) ? 'PAYLOAD_TOO_LARGE' : 'START_REFUSED';
    case grpc.RESOURCE_EXHAUSTED:
      // The gRPC layer refuses an oversized message with the code the server uses for throttling.
      return /larger than max/i.test(detail) ? 'PAYLOAD_TOO_LARGE' : 'TEMPORAL_BUSY';
    case grpc.NOT_FOUND:
      return 'NAMESPACE_MISSING';
    case grpc.PERMISSION_DENIED:
    case grpc.UNAUTHENTICATED:
      return 'NOT_AUTHORIZED';
    case grpc.FAILED_PRECONDITION:
    case grpc.UNIMPLEMENTED:
      return 'START_REFUSED';
    default:
      // UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN and anything without a code: nothing the row could have caused.
      return 'TEMPORAL_UNAVAILABLE';
  }
}

/** The SDK wraps the gRPC error in a ServiceError; the wrapped text is the one that says something. */
function rootOf(thrown: unknown): Error {
  let error = toError(thrown);
  while (error.cause instanceof Error) error = error.cause;
  return error;
}

/** The call was not answered in its time: the server may be away, or only slow. */
export function isDeadlineExceeded(thrown: unknown): boolean {
  return grpcCode(thrown) === grpc.DEADLINE_EXCEEDED;
}

function grpcCode(thrown: unknown): number | undefined {
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    if (isGrpcServiceError(error)) return error.code;
  }
  return undefined;
}

import { ServiceError } from '@temporalio/client';
import { failures } from '../../../contracts/failures';
import { classifyTemporalError } from '../../../outbox-bridge/classify-temporal-error';

/** gRPC status codes. */
const status = {
  DEADLINE_EXCEEDED: 4,
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** As the SDK hands it on: the gRPC error wrapped in a ServiceError. Texts as observed on server 1.29.1. */
function refused(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
  return new ServiceError('Failed to start Workflow', { cause });
}

describe('classifyTemporalError', () => {
  it.each([
    [
      status.INVALID_ARGUMENT,
      'Namespace nova has no mapping defined for search attribute EventType',
      'SEARCH_ATTRIBUTE_MISSING',
      'environment',
    ],
    [status.INVALID_ARGUMENT, 'Blob data size exceeds limit.', 'PAYLOAD_TOO_LARGE', 'row'],
    [status.INVALID_ARGUMENT, 'invalid TaskQueue', 'START_REFUSED', 'row'],
    [
      status.RESOURCE_EXHAUSTED,
      'grpc: received message larger than max (5000000 vs. 4194304)',
      'PAYLOAD_TOO_LARGE',
      'row',
    ],
    [status.RESOURCE_EXHAUSTED, 'namespace rate limit exceeded', 'TEMPORAL_BUSY', 'busy'],
    [status.NOT_FOUND, 'Namespace nova is not found.', 'NAMESPACE_MISSING', 'environment'],
    [status.PERMISSION_DENIED, 'Request unauthorized.', 'NOT_AUTHORIZED', 'environment'],
    [status.UNAUTHENTICATED, 'token expired', 'NOT_AUTHORIZED', 'environment'],
    [status.UNAVAILABLE, 'connection refused', 'TEMPORAL_UNAVAILABLE', 'outage'],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'TEMPORAL_UNAVAILABLE', 'outage'],
    [status.INTERNAL, 'shard gone', 'TEMPORAL_UNAVAILABLE', 'outage'],
  ] as const)('%s "%s" is %s, cause %s', (code, text, expected, cause) => {
    const found = classifyTemporalError(refused(code, text));
    expect(found.code).toBe(expected);
    expect(failures[found.code].cause).toBe(cause);
    expect(found.detail).toContain(text);
  });

  it('anything without a gRPC code is never held against the row', () => {
    expect(classifyTemporalError(new Error('what'))).toEqual({ code: 'TEMPORAL_UNAVAILABLE', detail: 'what' });
  });
});

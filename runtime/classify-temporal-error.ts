import { NamespaceNotFoundError, PayloadConverterError, ValueError, WorkflowNotFoundError } from '@temporalio/common';
import { google } from '@temporalio/proto';
import { type FailureCode, NovaError, failures } from '../contracts/failures';
import { oneLine, toError } from './errors';
import { type GrpcStatus, grpcStatusOf, serviceErrorIn } from './service-error';

const notSent = [TypeError, RangeError, ValueError, PayloadConverterError];

/** Temporal's own name of the error, from the trailer `grpc-status-details-bin`: no text has to be looked at. */
const byDetail: Readonly<Record<string, FailureCode>> = {
  NamespaceNotFoundFailure: 'NAMESPACE_MISSING',
  NamespaceNotActiveFailure: 'NAMESPACE_NOT_ACTIVE',
  NamespaceInvalidStateFailure: 'NAMESPACE_NOT_ACTIVE',
  NamespaceUnavailableFailure: 'TEMPORAL_UNAVAILABLE',
  PermissionDeniedFailure: 'NOT_AUTHORIZED',
  ClientVersionNotSupportedFailure: 'DEPLOYMENT_REFUSED',
  ServerVersionNotSupportedFailure: 'DEPLOYMENT_REFUSED',
  NewerBuildExistsFailure: 'DEPLOYMENT_REFUSED',
  QueryFailedFailure: 'DEPLOYMENT_REFUSED',
  ResourceExhaustedFailure: 'TEMPORAL_BUSY',
  WorkflowNotReadyFailure: 'TEMPORAL_BUSY',
  CancellationAlreadyRequestedFailure: 'TEMPORAL_BUSY',
  WorkflowExecutionAlreadyStartedFailure: 'TEMPORAL_BUSY',
};

const byStatus: Readonly<Record<GrpcStatus, FailureCode>> = {
  CANCELLED: 'TEMPORAL_UNAVAILABLE',
  UNKNOWN: 'TEMPORAL_UNAVAILABLE',
  INVALID_ARGUMENT: 'START_REFUSED',
  DEADLINE_EXCEEDED: 'TEMPORAL_UNAVAILABLE',
  NOT_FOUND: 'NAMESPACE_MISSING',
  // "Already started" is looked into by the starter; any other kind is about something that is going on.
  ALREADY_EXISTS: 'TEMPORAL_BUSY',
  PERMISSION_DENIED: 'NOT_AUTHORIZED',
  RESOURCE_EXHAUSTED: 'TEMPORAL_BUSY',
  FAILED_PRECONDITION: 'DEPLOYMENT_REFUSED',
  ABORTED: 'TEMPORAL_UNAVAILABLE',
  OUT_OF_RANGE: 'TEMPORAL_UNAVAILABLE',
  // What gRPC makes of HTTP 404: a proxy without a route, or another server at the address.
  UNIMPLEMENTED: 'TEMPORAL_UNAVAILABLE',
  INTERNAL: 'TEMPORAL_UNAVAILABLE',
  UNAVAILABLE: 'TEMPORAL_UNAVAILABLE',
  DATA_LOSS: 'TEMPORAL_UNAVAILABLE',
  UNAUTHENTICATED: 'NOT_AUTHORIZED',
};

/** Where Temporal gives one status for several causes and no details, its text decides. The first that fits. */
const byText: Readonly<Partial<Record<GrpcStatus, readonly (readonly [RegExp, FailureCode])[]>>> = {
  INVALID_ARGUMENT: [
    [/blob data size|memo size/i, 'PAYLOAD_TOO_LARGE'],
    // Of one row: a value or an id that is too long.
    [/search attribute.*exceeds? size limit|size of search attributes|(workflow|request) ?id length/i, 'START_REFUSED'],
    // Of every row of the type.
    [/search attribute/i, 'SEARCH_ATTRIBUTE_MISSING'],
    [/(task ?queue|namespace|workflow ?type|identity) (length|is not set)/i, 'DEPLOYMENT_REFUSED'],
  ],
  // The gRPC layer refuses an oversized request with the code that the server uses for throttling.
  RESOURCE_EXHAUSTED: [[/grpc: received message larger than max|attempted to send message/i, 'PAYLOAD_TOO_LARGE']],
};

/**
 * Which of the catalogue's failures the start of a workflow met: by the name of the error that Temporal sends beside it, else by its
 * text where one status has several causes, else by the gRPC status. docs/temporal-errors.md lists every case with its
 * reason. The one place that looks at Temporal's texts (observed on 1.29.1 and 1.32.0).
 *
 * The rule behind the table: a row is at fault only where Temporal says what is wrong with this very start. Whatever every
 * start of this deployment would meet is an outage, overload, or the environment.
 */
export function classifyTemporalError(thrown: unknown): { code: FailureCode; detail: string } {
  const detail = oneLine(rootOf(thrown));
  return { code: codeOf(thrown, detail), detail };
}

/**
 * What any other call to Temporal met: a question, a signal. There is no row to blame, so it is overload, the environment, or
 * an outage. Such a call may name a run that is not there, which says nothing of the namespace: the caller looks for that at
 * the `cause` (`WorkflowNotFoundError`, status NOT_FOUND).
 */
export function temporalFailure(thrown: unknown): NovaError {
  const { code, detail } = classifyTemporalError(thrown);
  const isOfStart = failures[code].cause === 'row' || (code === 'NAMESPACE_MISSING' && !namesTheNamespace(thrown));
  return new NovaError(isOfStart ? 'TEMPORAL_UNAVAILABLE' : code, detail, { cause: thrown });
}

function namesTheNamespace(thrown: unknown): boolean {
  return thrown instanceof NamespaceNotFoundError || detailNames(thrown).includes('NamespaceNotFoundFailure');
}

function codeOf(thrown: unknown, detail: string): FailureCode {
  // The second is what the SDK makes of any other "not found", a start's included, and leaves the status out.
  if (thrown instanceof NamespaceNotFoundError || thrown instanceof WorkflowNotFoundError) return 'NAMESPACE_MISSING';
  // Thrown on this side before anything was sent, for what the row holds: an outage here would be one without an end.
  if (notSent.some((kind) => thrown instanceof kind)) return 'START_REFUSED';
  const named = detailNames(thrown)
    .map((name) => byDetail[name])
    .find((code) => code !== undefined);
  if (named !== undefined) return named;
  const status = grpcStatusOf(thrown);
  // Anything without a status is nothing that the row could have caused.
  if (status === undefined) return 'TEMPORAL_UNAVAILABLE';
  return byText[status]?.find(([text]) => text.test(detail))?.[1] ?? byStatus[status];
}

/** The SDK wraps the gRPC error in a ServiceError; the wrapped text is the one that says something. */
function rootOf(thrown: unknown): Error {
  let error = toError(thrown);
  while (error.cause instanceof Error) error = error.cause;
  return error;
}

/** Statuses that Temporal may give for one start while it takes others: no reply in time, or an error inside. */
const maybeOneStart = new Set<GrpcStatus>(['DEADLINE_EXCEEDED', 'INTERNAL', 'UNKNOWN', 'DATA_LOSS', 'ABORTED']);

/** The server may be away, or only slow or broken for this one start: to be found out by asking something else. */
export function mayConcernOneStart(thrown: unknown): boolean {
  const status = grpcStatusOf(thrown);
  return status !== undefined && maybeOneStart.has(status);
}

/** Names of the messages in the trailer, without their packages; a trailer that cannot be read has none. */
function detailNames(thrown: unknown): string[] {
  const metadata: { get?: (key: string) => unknown[] } = serviceErrorIn(thrown)?.metadata ?? {};
  const [trailer] = metadata.get?.('grpc-status-details-bin') ?? [];
  if (!(trailer instanceof Uint8Array)) return [];
  try {
    return google.rpc.Status.decode(trailer).details.map(({ type_url }) => type_url?.split('.').at(-1) ?? '');
  } catch {
    return [];
  }
}

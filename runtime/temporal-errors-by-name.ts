import { type FailureCode } from '../contracts/failures';
import { type GrpcStatus } from './service-error';

/** One way in which Temporal, gRPC or a proxy in between refuses a call, and whose fault it is taken for. */
export interface TemporalError {
  /** As its source calls it. */
  readonly name: string;
  readonly status: GrpcStatus;
  /** Message of `temporal.api.errordetails.v1` that Temporal sends beside it. */
  readonly detail?: string;
  /** Only where the text decides: the text as Temporal writes it. */
  readonly text?: string;
  /** The HTTP status that a proxy gave; gRPC turns it into `status`. */
  readonly http?: number;
  readonly code: FailureCode;
  readonly why: string;
}

const anyStart = 'every start would meet it';
const notOfStarts = 'not given to a start; nothing says that it is the row';

const named: readonly (readonly [string, GrpcStatus, string, FailureCode, string])[] = [
  ['NamespaceNotFound', 'NOT_FOUND', 'NamespaceNotFoundFailure', 'NAMESPACE_MISSING', anyStart],
  ['NotFound', 'NOT_FOUND', 'NotFoundFailure', 'NAMESPACE_MISSING', 'a start names nothing else that has to be there'],
  [
    'NamespaceNotActive',
    'FAILED_PRECONDITION',
    'NamespaceNotActiveFailure',
    'NAMESPACE_NOT_ACTIVE',
    'after a failover the old cluster refuses every start',
  ],
  [
    'NamespaceInvalidState',
    'FAILED_PRECONDITION',
    'NamespaceInvalidStateFailure',
    'NAMESPACE_NOT_ACTIVE',
    'the namespace is being deleted or handed over',
  ],
  [
    'NamespaceUnavailable',
    'UNAVAILABLE',
    'NamespaceUnavailableFailure',
    'TEMPORAL_UNAVAILABLE',
    'the namespace is being handed over',
  ],
  ['NamespaceAlreadyExists', 'ALREADY_EXISTS', 'NamespaceAlreadyExistsFailure', 'TEMPORAL_BUSY', notOfStarts],
  [
    'ClientVersionNotSupported',
    'FAILED_PRECONDITION',
    'ClientVersionNotSupportedFailure',
    'DEPLOYMENT_REFUSED',
    anyStart,
  ],
  [
    'ServerVersionNotSupported',
    'FAILED_PRECONDITION',
    'ServerVersionNotSupportedFailure',
    'DEPLOYMENT_REFUSED',
    anyStart,
  ],
  [
    'FeatureVersionNotSupported (older servers)',
    'FAILED_PRECONDITION',
    'FeatureVersionNotSupportedFailure',
    'DEPLOYMENT_REFUSED',
    anyStart,
  ],
  [
    'NewerBuildExists',
    'FAILED_PRECONDITION',
    'NewerBuildExistsFailure',
    'DEPLOYMENT_REFUSED',
    'an older build asks; not given to a start',
  ],
  ['PermissionDenied', 'PERMISSION_DENIED', 'PermissionDeniedFailure', 'NOT_AUTHORIZED', anyStart],
  [
    'QueryFailed',
    'INVALID_ARGUMENT',
    'QueryFailedFailure',
    'DEPLOYMENT_REFUSED',
    'not given to a start, so something else replies there',
  ],
  ['SystemWorkflow', 'INTERNAL', 'SystemWorkflowFailure', 'TEMPORAL_UNAVAILABLE', 'an error inside the server'],
  [
    'WorkflowNotReady',
    'FAILED_PRECONDITION',
    'WorkflowNotReadyFailure',
    'TEMPORAL_BUSY',
    'this workflow is not ready yet; it will be',
  ],
  [
    'WorkflowExecutionAlreadyStarted',
    'ALREADY_EXISTS',
    'WorkflowExecutionAlreadyStartedFailure',
    'TEMPORAL_BUSY',
    'looked into before: ours is a success, a stranger’s is `FOREIGN_WORKFLOW`; only an unreadable one comes here',
  ],
  [
    'ActivityExecutionAlreadyStarted',
    'ALREADY_EXISTS',
    'ActivityExecutionAlreadyStartedFailure',
    'TEMPORAL_BUSY',
    notOfStarts,
  ],
  [
    'NexusOperationExecutionAlreadyStarted',
    'ALREADY_EXISTS',
    'NexusOperationExecutionAlreadyStartedFailure',
    'TEMPORAL_BUSY',
    notOfStarts,
  ],
  [
    'CancellationAlreadyRequested',
    'ALREADY_EXISTS',
    'CancellationAlreadyRequestedFailure',
    'TEMPORAL_BUSY',
    notOfStarts,
  ],
  ['MultiOperationExecution', 'ABORTED', 'MultiOperationExecutionFailure', 'TEMPORAL_UNAVAILABLE', notOfStarts],
  [
    'WorkflowTaskCompletionBufferLost',
    'UNAVAILABLE',
    'WorkflowTaskCompletionBufferLostFailure',
    'TEMPORAL_UNAVAILABLE',
    notOfStarts,
  ],
];

const exhausted: readonly (readonly [string, string])[] = [
  ['RPS_LIMIT', 'too many requests a second'],
  ['CONCURRENT_LIMIT', 'too many requests at once'],
  ['SYSTEM_OVERLOADED', 'the server is overloaded'],
  ['PERSISTENCE_LIMIT', 'Temporal’s database is overloaded'],
  ['BUSY_WORKFLOW', 'this workflow id is busy'],
  ['APS_LIMIT', 'too many actions a second'],
  ['PERSISTENCE_STORAGE_LIMIT', 'Temporal’s storage is full'],
  ['CIRCUIT_BREAKER_OPEN', 'Temporal protects itself'],
  ['OPS_LIMIT', 'too many operations a second'],
  ['WORKER_DEPLOYMENT_LIMITS', 'too many worker versions'],
  ['UNSPECIFIED', 'no cause given'],
];

/** Temporal's errors with a name of their own, which it sends beside the status. */
export const namedErrors: readonly TemporalError[] = [
  ...named.map(([name, status, detail, code, why]) => ({ name, status, detail, code, why })),
  ...exhausted.map(([cause, why]) => ({
    name: `ResourceExhausted, ${cause}`,
    status: 'RESOURCE_EXHAUSTED' as const,
    detail: 'ResourceExhaustedFailure',
    code: 'TEMPORAL_BUSY' as const,
    why: `${why}: the window shrinks`,
  })),
];

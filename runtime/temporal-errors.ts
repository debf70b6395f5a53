import { type FailureCode } from '../contracts/failures';
import { type GrpcStatus } from './service-error';
import { type TemporalError, namedErrors } from './temporal-errors-by-name';

const anyStart = 'every start would meet it';

/** What gRPC itself reports, or Temporal without details. */
const statuses: readonly (readonly [string, GrpcStatus, FailureCode, string])[] = [
  ['Canceled', 'CANCELLED', 'TEMPORAL_UNAVAILABLE', 'a server that shuts down cancels what it was doing'],
  [
    'Unknown',
    'UNKNOWN',
    'TEMPORAL_UNAVAILABLE',
    'nothing says that it is the row; overload instead when Temporal replies to others',
  ],
  [
    'InvalidArgument',
    'INVALID_ARGUMENT',
    'START_REFUSED',
    'Temporal read this very start and refused it; counted, but not while the fuse is blown',
  ],
  [
    'DeadlineExceeded',
    'DEADLINE_EXCEEDED',
    'TEMPORAL_UNAVAILABLE',
    'no reply in time; overload instead when Temporal replies to others',
  ],
  ['NotFound', 'NOT_FOUND', 'NAMESPACE_MISSING', 'a start names nothing else that has to be there'],
  [
    'AlreadyExists',
    'ALREADY_EXISTS',
    'TEMPORAL_BUSY',
    'something else is under way with this id; "already started" is looked into before',
  ],
  ['PermissionDenied without details', 'PERMISSION_DENIED', 'NOT_AUTHORIZED', anyStart],
  ['ResourceExhausted without details', 'RESOURCE_EXHAUSTED', 'TEMPORAL_BUSY', 'throttling'],
  [
    'FailedPrecondition',
    'FAILED_PRECONDITION',
    'DEPLOYMENT_REFUSED',
    'a precondition of the server or the namespace: ' + anyStart,
  ],
  [
    'Aborted, ShardOwnershipLost',
    'ABORTED',
    'TEMPORAL_UNAVAILABLE',
    'shards move between servers; overload instead when Temporal replies to others',
  ],
  ['OutOfRange', 'OUT_OF_RANGE', 'TEMPORAL_UNAVAILABLE', 'not given to a start; nothing says that it is the row'],
  [
    'Unimplemented',
    'UNIMPLEMENTED',
    'TEMPORAL_UNAVAILABLE',
    'another server at the address, or a proxy without a route',
  ],
  [
    'Internal',
    'INTERNAL',
    'TEMPORAL_UNAVAILABLE',
    'an error inside the server; overload instead when Temporal replies to others',
  ],
  [
    'Unavailable, connection refused or lost',
    'UNAVAILABLE',
    'TEMPORAL_UNAVAILABLE',
    'the server, its database or the way to it is away',
  ],
  [
    'DataLoss',
    'DATA_LOSS',
    'TEMPORAL_UNAVAILABLE',
    'damaged data in Temporal; overload instead when Temporal replies to others, so that the row steps back',
  ],
  ['Unauthenticated', 'UNAUTHENTICATED', 'NOT_AUTHORIZED', 'our key or certificate: ' + anyStart],
];

const texts: readonly (readonly [string, GrpcStatus, string, FailureCode, string])[] = [
  ['start too large', 'INVALID_ARGUMENT', 'Blob data size exceeds limit.', 'PAYLOAD_TOO_LARGE', 'the size of this row'],
  ['memo too large', 'INVALID_ARGUMENT', 'Memo size exceeds limit.', 'PAYLOAD_TOO_LARGE', 'the size of this row'],
  [
    'request too large for gRPC',
    'RESOURCE_EXHAUSTED',
    'grpc: received message larger than max (5000000 vs. 4194304)',
    'PAYLOAD_TOO_LARGE',
    'the size of this row',
  ],
  [
    'request too large for the client',
    'RESOURCE_EXHAUSTED',
    'Attempted to send message with a size larger than 4194304',
    'PAYLOAD_TOO_LARGE',
    'the size of this row',
  ],
  [
    'answer too large',
    'RESOURCE_EXHAUSTED',
    'Received message larger than max (5000000 vs 4194304)',
    'TEMPORAL_BUSY',
    'what Temporal sent, not the row',
  ],
  [
    'workflow id too long',
    'INVALID_ARGUMENT',
    'WorkflowId length exceeds limit.',
    'START_REFUSED',
    'the id of this row',
  ],
  ['request id too long', 'INVALID_ARGUMENT', 'RequestId length exceeds limit.', 'START_REFUSED', 'the id of this row'],
  [
    'search attribute value too long',
    'INVALID_ARGUMENT',
    'search attribute AggregateType value size 2100 exceeds size limit 2048',
    'START_REFUSED',
    'a value of this row',
  ],
  [
    'search attributes too long',
    'INVALID_ARGUMENT',
    'total size of search attributes 41000 exceeds size limit 40960',
    'START_REFUSED',
    'the values of this row',
  ],
  [
    'search attribute unknown',
    'INVALID_ARGUMENT',
    'Namespace nova has no mapping defined for search attribute EventType',
    'SEARCH_ATTRIBUTE_MISSING',
    'not registered: every start of the type would meet it',
  ],
  [
    'search attribute not defined',
    'INVALID_ARGUMENT',
    'search attribute EventType is not defined',
    'SEARCH_ATTRIBUTE_MISSING',
    'not registered: every start of the type would meet it',
  ],
  [
    'search attribute of another type',
    'INVALID_ARGUMENT',
    'invalid value for search attribute EventType of type Int: message.edited',
    'SEARCH_ATTRIBUTE_MISSING',
    'registered as another type: every start would meet it',
  ],
  [
    'too many search attributes',
    'INVALID_ARGUMENT',
    'number of search attributes 5 exceeds limit 4',
    'SEARCH_ATTRIBUTE_MISSING',
    'a limit of the namespace: every start would meet it',
  ],
  [
    'task queue name too long',
    'INVALID_ARGUMENT',
    'TaskQueue length exceeds limit.',
    'DEPLOYMENT_REFUSED',
    'TASK_QUEUE_PREFIX: every start would meet it',
  ],
  ['task queue missing', 'INVALID_ARGUMENT', 'TaskQueue is not set on request.', 'DEPLOYMENT_REFUSED', anyStart],
  [
    'namespace name too long',
    'INVALID_ARGUMENT',
    'Namespace length exceeds limit.',
    'DEPLOYMENT_REFUSED',
    'TEMPORAL_NAMESPACE: every start would meet it',
  ],
  [
    'workflow type too long',
    'INVALID_ARGUMENT',
    'WorkflowType length exceeds limit.',
    'DEPLOYMENT_REFUSED',
    'a name in our code, not in the row',
  ],
  [
    'identity too long',
    'INVALID_ARGUMENT',
    'Identity length exceeds limit.',
    'DEPLOYMENT_REFUSED',
    'the name of this machine',
  ],
];

/** Where one status has several causes and Temporal sends no details. */
const recognizedByText: readonly TemporalError[] = texts.map(([name, status, text, code, why]) => ({
  name,
  status,
  text,
  code,
  why,
}));

/** What a proxy, a load balancer or a service mesh says in Temporal's place. */
const proxies: readonly (readonly [number, GrpcStatus, FailureCode, string])[] = [
  [400, 'INTERNAL', 'TEMPORAL_UNAVAILABLE', 'the proxy did not understand the request'],
  [401, 'UNAUTHENTICATED', 'NOT_AUTHORIZED', 'the proxy wants other credentials'],
  [403, 'PERMISSION_DENIED', 'NOT_AUTHORIZED', 'the proxy refuses our credentials'],
  [404, 'UNIMPLEMENTED', 'TEMPORAL_UNAVAILABLE', 'the proxy has no route: some seconds of every roll-out'],
  [405, 'UNKNOWN', 'TEMPORAL_UNAVAILABLE', 'another service at the address'],
  [408, 'UNKNOWN', 'TEMPORAL_UNAVAILABLE', 'the proxy waited in vain'],
  [413, 'UNKNOWN', 'TEMPORAL_UNAVAILABLE', 'a limit of the proxy; our starts have a few hundred bytes'],
  [421, 'UNKNOWN', 'TEMPORAL_UNAVAILABLE', 'the connection belongs to another host'],
  [429, 'UNAVAILABLE', 'TEMPORAL_UNAVAILABLE', 'the proxy throttles'],
  [500, 'UNKNOWN', 'TEMPORAL_UNAVAILABLE', 'an error inside the proxy'],
  [502, 'UNAVAILABLE', 'TEMPORAL_UNAVAILABLE', 'no Temporal behind the proxy'],
  [503, 'UNAVAILABLE', 'TEMPORAL_UNAVAILABLE', 'no Temporal behind the proxy'],
  [504, 'UNAVAILABLE', 'TEMPORAL_UNAVAILABLE', 'no reply behind the proxy'],
];

/** Every case there is; docs/temporal-errors.md is generated from it, and a test walks it. */
export const temporalErrors: readonly { readonly source: string; readonly cases: readonly TemporalError[] }[] = [
  { source: 'gRPC statuses', cases: statuses.map(([name, status, code, why]) => ({ name, status, code, why })) },
  { source: 'Errors that Temporal names', cases: namedErrors },
  { source: 'Recognized by their text', cases: recognizedByText },
  {
    source: 'HTTP statuses of a proxy',
    cases: proxies.map(([http, status, code, why]) => ({ name: `HTTP ${http}`, http, status, code, why })),
  },
];

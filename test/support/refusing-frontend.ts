import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { google, temporal } from '@temporalio/proto';

/** How every request is refused: by a proxy without a route, or by Temporal itself. */
export type Refusal = 'not-found' | 'not-active';

export interface RefusingFrontend {
  readonly port: number;
  /** Requests refused so far. */
  readonly refused: number;
  refuseWith(refusal: Refusal): void;
  close(): Promise<void>;
}

const failedPrecondition = 9;

/** What replies where Temporal's frontend should: an HTTP/2 server that refuses every gRPC request. */
export async function startRefusingFrontend(namespace: string): Promise<RefusingFrontend> {
  let refusal: Refusal = 'not-found';
  let refused = 0;
  const sessions = new Set<Http2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => undefined);
  });
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    refused += 1;
    if (refusal === 'not-found') refuseAsProxy(stream);
    else refuseAsTemporal(stream, namespace);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get refused() {
      return refused;
    },
    refuseWith(next) {
      refusal = next;
    },
    close() {
      for (const session of sessions) session.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function refuseAsProxy(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 404, 'content-type': 'text/plain' });
  stream.end('default backend - 404');
}

/** A response of trailers only, as gRPC servers send for an error without a body. */
function refuseAsTemporal(stream: ServerHttp2Stream, namespace: string): void {
  const message = `Namespace: ${namespace} is active in cluster: b, while current cluster a is a standby cluster.`;
  const value = temporal.api.errordetails.v1.NamespaceNotActiveFailure.encode({
    namespace,
    currentCluster: 'a',
    activeCluster: 'b',
  }).finish();
  const details = [{ type_url: 'type.googleapis.com/temporal.api.errordetails.v1.NamespaceNotActiveFailure', value }];
  const status = google.rpc.Status.encode({ code: failedPrecondition, message, details }).finish();
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(failedPrecondition),
      'grpc-message': encodeURIComponent(message),
      'grpc-status-details-bin': Buffer.from(status).toString('base64'),
    },
    { endStream: true },
  );
}

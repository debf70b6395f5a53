import { once } from 'node:events';
import { type ServerHttp2Stream, type Http2Server, createServer } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { Connection, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { google, temporal } from '@temporalio/proto';
import { failures } from '../../../contracts/failures';
import { classifyTemporalError, temporalFailure } from '../../../runtime/classify-temporal-error';
import { grpcStatus } from '../../../runtime/service-error';
import { temporalErrors } from '../../../runtime/temporal-errors';
import { type TemporalError } from '../../../runtime/temporal-errors-by-name';
import { TemporalStarter } from '../../../outbox-bridge/temporal-starter';

const cases = temporalErrors.flatMap(({ cases: listed }) => listed);
const byName = cases.map((listed) => [listed.name, listed] as const);

function trailerOf(detail: string): Buffer {
  const details = [{ type_url: `type.googleapis.com/temporal.api.errordetails.v1.${detail}`, value: new Uint8Array() }];
  return Buffer.from(google.rpc.Status.encode({ code: 9, message: '', details }).finish());
}

/** As the SDK hands it on: the gRPC error wrapped in a ServiceError. */
function asThrown({ status, detail, text = 'some text' }: TemporalError): ServiceError {
  const metadata = new Metadata();
  if (detail !== undefined) metadata.set('grpc-status-details-bin', trailerOf(detail));
  const code = grpcStatus[status];
  const cause = Object.assign(new Error(`${code} ${status}: ${text}`), { code, details: text, metadata });
  return new ServiceError('Failed to start Workflow', { cause });
}

/** A server that refuses every call with this, over HTTP/2 as the real one and as a proxy before it. */
async function refusingWith({ http, status, detail, text = 'refused' }: TemporalError): Promise<Http2Server> {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    if (http !== undefined) {
      stream.respond({ ':status': http, 'content-type': 'text/html' });
      return stream.end('<html>no</html>');
    }
    return stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': String(grpcStatus[status]),
        'grpc-message': text,
        ...(detail === undefined ? {} : { 'grpc-status-details-bin': trailerOf(detail).toString('base64') }),
      },
      { endStream: true },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function startAgainst(listed: TemporalError) {
  const server = await refusingWith(listed);
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Without the SDK's own retries, which only cost time here.
  const connection = Connection.lazy({ address, interceptors: [] });
  try {
    const starter = new TemporalStarter(connection, { namespace: 'n', taskQueuePrefix: 'q', deadlineMs: 60_000 });
    const id = '6f1c7a52-6b1a-4a33-8c54-1f0d2c1b7a10';
    const about = { eventId: id, eventType: 'message.edited', aggregateType: 'conversation', aggregateId: id } as const;
    const written = { schemaVersion: 1, sequence: 1, createdAt: '', createdAtMs: 0, priority: 2 } as const;
    return await starter.start({ ref: { ...about, ...written }, workflowType: 'emitWorkflow' });
  } finally {
    await connection.close();
    server.close();
  }
}

describe('the table of Temporal’s errors', () => {
  it.each(byName)('%s is classified as the table says', (_name, listed) => {
    const found = classifyTemporalError(asThrown(listed));
    expect(found.code).toBe(listed.code);
    expect(found.detail).toContain(listed.text ?? 'some text');
  });

  it('has every gRPC status, every error that Temporal names, and every cause of exhaustion', () => {
    const statuses = new Set(cases.map(({ status }) => status));
    expect(Object.keys(grpcStatus).filter((name) => !statuses.has(name as never))).toEqual([]);
    const details = new Set(cases.map(({ detail }) => detail));
    const known = Object.keys(temporal.api.errordetails.v1).filter((name) => name.endsWith('Failure'));
    expect(known.length).toBeGreaterThan(15);
    expect(known.filter((name) => !details.has(name))).toEqual([]);
    const causes = Object.keys(temporal.api.enums.v1.ResourceExhaustedCause).filter((name) => /^[A-Z]/.test(name));
    const named = causes.map((name) => `ResourceExhausted, ${name.replace('RESOURCE_EXHAUSTED_CAUSE_', '')}`);
    expect(named.filter((name) => !cases.some((listed) => listed.name === name))).toEqual([]);
  });

  it('holds nothing against a row but what Temporal says of this very start', () => {
    const held = cases.filter(({ code }) => failures[code].cause === 'row').map(({ name }) => name);
    expect(held).toEqual([
      'InvalidArgument',
      'start too large',
      'memo too large',
      'request too large for gRPC',
      'request too large for the client',
      'workflow id too long',
      'request id too long',
      'search attribute value too long',
      'search attributes too long',
    ]);
  });

  it.each(byName)('%s, from a real server, ends a start as the table says', async (_name, listed) => {
    expect(await startAgainst(listed)).toMatchObject({ kind: 'failed', code: listed.code });
  });
});

describe('classifyTemporalError', () => {
  it('knows the SDK’s own error for a missing namespace', () => {
    expect(classifyTemporalError(new NamespaceNotFoundError('nova')).code).toBe('NAMESPACE_MISSING');
  });

  it('takes what was thrown before anything was sent for the row’s fault', () => {
    expect(classifyTemporalError(new TypeError('no such value')).code).toBe('START_REFUSED');
  });

  it('holds what has no gRPC code never against the row', () => {
    expect(classifyTemporalError(new Error('what'))).toEqual({ code: 'TEMPORAL_UNAVAILABLE', detail: 'what' });
  });

  it('goes by the status when the trailer cannot be read', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([255, 255, 255]));
    const cause = Object.assign(new Error('x'), { code: grpcStatus.PERMISSION_DENIED, details: 'x', metadata });
    expect(classifyTemporalError(new ServiceError('x', { cause })).code).toBe('NOT_AUTHORIZED');
  });
});

describe('temporalFailure, of a call that starts nothing', () => {
  it.each(byName)('%s is overload, the environment or an outage: there is no row to blame', (_name, listed) => {
    const { code, cause } = temporalFailure(asThrown(listed));
    const isOfStart = failures[listed.code].cause === 'row';
    const saysWhatIsMissing = listed.code !== 'NAMESPACE_MISSING' || listed.detail === 'NamespaceNotFoundFailure';
    expect(code).toBe(!isOfStart && saysWhatIsMissing ? listed.code : 'TEMPORAL_UNAVAILABLE');
    expect(failures[code]).toMatchObject({ retryable: true });
    expect(cause).toBeInstanceOf(ServiceError);
  });

  it('does not take a run that is gone for a namespace that is missing', () => {
    expect(temporalFailure(new WorkflowNotFoundError('no such run', 'id', undefined)).code).toBe(
      'TEMPORAL_UNAVAILABLE',
    );
    expect(temporalFailure(new NamespaceNotFoundError('nova')).code).toBe('NAMESPACE_MISSING');
  });
});

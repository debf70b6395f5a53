import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Registry } from 'prom-client';
import { setting } from './config';
import { oneLine } from './errors';
import { type Service } from './lifecycle';

/** Where the small servers of a process listen. */
export const listeningSettings = {
  metricsHost: setting.text(
    'METRICS_HOST',
    'Address on which /metrics, /healthz, /livez and /readyz listen; 0.0.0.0: all interfaces. They ask no caller who it is.',
    { fallback: '127.0.0.1' },
  ),
} as const;

export interface MetricsServerOptions {
  /** Loopback unless something else is given: there is no authentication. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port: number;
  /** Setting that the port comes from, for the error when it is taken. */
  readonly portSetting: string;
  readonly registry: Registry;
  /** For people and alarms: is there progress, and is all well? */
  readonly health: () => Health;
  /** For orchestrators: does the process take work now? */
  readonly ready: () => Health;
}

export interface Health {
  readonly ok: boolean;
  /** Begins with its code (`TEMPORAL_UNAVAILABLE: …`); only the code is shown. May be given although all is well: a warning. */
  readonly reason: string | null;
  /** Of a bridge: each outbox that it serves. Of their reasons, too, only the codes are shown. */
  readonly outboxes?: readonly { readonly name: string; readonly state: string; readonly reason: string | null }[];
}

/** The reply proves what a restart could change: that the process turns its events over. A server that is away does not count. */
const alive = (): Health => ({ ok: true, reason: null });

/** A client has this long to send its request, milliseconds. */
const requestMs = 5_000;
/** More than a Prometheus pair and some probes need; what comes beyond is closed at once. */
const connections = 32;

/**
 * Serves /metrics for Prometheus, and three pages about the process, each 200 or 503 with `{ ok, reason }`, and of a bridge
 * `outboxes`, by name:
 *
 * - /livez for liveness probes: 200 as long as the process can reply at all. Also while a server is away: a restart cures
 *   nothing then, and takes away what the process has in its caches;
 * - /readyz for readiness probes: 503 while the process takes no work, which includes its start and its stop;
 * - /healthz for people and alarms: 503 while there is no progress.
 */
export class MetricsServer implements Service {
  readonly name = 'metrics-server';
  private server: Server | undefined;

  constructor(private readonly options: MetricsServerOptions) {}

  /** The port in use: the one asked for, or a free one when that was 0. Undefined before start. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  async start(): Promise<void> {
    const { host = '127.0.0.1', port, portSetting } = this.options;
    const limits = { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: 1_000 };
    const server = createServer(
      { ...limits, keepAliveTimeout: requestMs, maxHeaderSize: 8_192 },
      (request, response) => {
        this.reply(request, response).catch(() => response.destroy());
      },
    );
    server.maxConnections = connections;
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve);
    }).catch((thrown: unknown) => {
      throw new Error(`cannot listen on ${host}:${port} (METRICS_HOST, ${portSetting}): ${oneLine(thrown)}`, {
        cause: thrown,
      });
    });
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.server === undefined ? resolve() : this.server.close(() => resolve())));
  }

  private async reply({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { registry, health, ready } = this.options;
    const page = { '/healthz': health, '/livez': alive, '/readyz': ready }[url ?? ''];
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD', connection: 'close' }).end();
    } else if (url === '/metrics') {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
    } else if (page !== undefined) {
      const { ok, reason, outboxes } = page();
      const code = (text: string | null): string | null => (text === null ? null : reasonCode(text));
      const each = outboxes?.map((outbox) => [outbox.name, { state: outbox.state, reason: code(outbox.reason) }]);
      const body = JSON.stringify({
        ...{ ok, reason: code(reason) },
        ...(each === undefined ? {} : { outboxes: Object.fromEntries(each) as object }),
      });
      response.writeHead(ok ? 200 : 503, { 'content-type': 'application/json' }).end(body);
    } else response.writeHead(404).end();
  }
}

/** Details name servers, ids and texts of others; who is not logged in gets the code alone. `nova status` shows the rest. */
export function reasonCode(reason: string): string {
  return /^[A-Z][A-Z0-9_]+(?=:|$)/.exec(reason)?.[0] ?? 'SEE_LOGS';
}

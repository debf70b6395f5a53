import { type Server, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Registry } from 'prom-client';
import { type Service } from './lifecycle';

/** Serves /metrics for Prometheus and /healthz for the orchestrator: 503 with the reason while there is no progress. */
export class MetricsServer implements Service {
  readonly name = 'metrics-server';
  private server: Server | undefined;

  constructor(
    private readonly options: {
      readonly port: number;
      readonly registry: Registry;
      readonly health: () => { ok: boolean; reason: string | null };
    },
  ) {}

  /** The port in use: the one asked for, or a free one when that was 0. Undefined before start. */
  get port(): number | undefined {
    return (this.server?.address() as AddressInfo | null | undefined)?.port;
  }

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      void (async () => {
        if (request.url === '/metrics') {
          response
            .setHeader('content-type', this.options.registry.contentType)
            .end(await this.options.registry.metrics());
        } else if (request.url === '/healthz') {
          const health = this.options.health();
          response.writeHead(health.ok ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(health));
        } else response.writeHead(404).end();
      })();
    });
    await new Promise<void>((resolve, reject) => this.server?.once('error', reject).listen(this.options.port, resolve));
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.server === undefined ? resolve() : this.server.close(() => resolve())));
  }
}

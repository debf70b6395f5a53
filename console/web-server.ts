import { type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { type Hono } from 'hono';
import { oneLine } from '../runtime/errors';
import { type Service } from '../runtime/service';

/** A client has this long to send its request, milliseconds. */
const requestMs = 10_000;
/** More than the people of one deployment need. */
const mostConnections = 200;

/** Serves the pages. */
export class WebServer implements Service {
  readonly name = 'web-server';
  private server: Server | undefined;

  constructor(
    private readonly app: Hono,
    private readonly at: { readonly host: string; readonly port: number },
  ) {}

  async start(): Promise<void> {
    const { host, port } = this.at;
    const serverOptions = { headersTimeout: requestMs, requestTimeout: requestMs, maxHeaderSize: 16_384 };
    const server = createAdaptorServer({ fetch: this.app.fetch, serverOptions }) as Server;
    server.maxConnections = mostConnections;
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve);
    }).catch((thrown: unknown) => {
      throw new Error(`cannot listen on ${host}:${port} (CONSOLE_HOST, CONSOLE_PORT): ${oneLine(thrown)}`, {
        cause: thrown,
      });
    });
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.server === undefined ? resolve() : this.server.close(() => resolve())));
  }
}

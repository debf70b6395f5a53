import { type Connections, withConnections } from '../ops/connections';
import { type Service } from '../runtime/service';
import { type ConsoleConfig } from './settings';

/** The connections of the operator's tools, for as long as the process lives. Each is made on first use. */
export class LastingConnections implements Service {
  readonly name = 'connections';
  private connections: Connections | undefined;
  private end: () => void = () => undefined;
  private closed: Promise<void> = Promise.resolve();

  constructor(private readonly config: ConsoleConfig) {}

  readonly current = (): Connections => {
    if (this.connections === undefined) throw new Error('the connections are not there before the start');
    return this.connections;
  };

  async start(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.end = resolve));
    await new Promise<void>((resolve, reject) => {
      this.closed = withConnections(this.config, async (connections) => {
        this.connections = connections;
        resolve();
        await ended;
      });
      this.closed.catch(reject);
    });
  }

  async stop(): Promise<void> {
    this.end();
    await this.closed;
  }
}

import { Client } from 'pg';
import { nudgeChannel } from '../contracts/nudge';
import { oneLine } from '../runtime/errors';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';

/**
 * Listens for nudges on a session of its own, straight to PostgreSQL: LISTEN does not work through a pooler. When a
 * nudge or the whole session is lost, a start comes one poll interval later, and nothing else happens.
 */
export class NudgeListener implements Service {
  readonly name = 'nudge-listener';
  private client: Client | undefined;
  private reconnect: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly options: { readonly url: string; readonly onNudge: () => void; readonly logger: Logger },
  ) {}

  async start(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.options.url,
      application_name: 'nova-bridge-listen',
      keepAlive: true,
    });
    client.on('notification', this.options.onNudge);
    client.on('error', (error) => this.lost(error));
    client.on('end', () => this.lost(new Error('the connection ended')));
    this.client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${nudgeChannel}`);
      this.options.onNudge();
    } catch (thrown) {
      this.lost(thrown);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnect);
    await this.client?.end().catch(() => undefined);
  }

  private lost(thrown: unknown): void {
    if (this.stopped || this.reconnect !== undefined) return;
    this.options.logger.warn({ error: oneLine(thrown) }, 'nudges lost; polling goes on, listening again in 2 s');
    this.reconnect = setTimeout(() => {
      this.reconnect = undefined;
      void this.start();
    }, 2_000);
  }
}

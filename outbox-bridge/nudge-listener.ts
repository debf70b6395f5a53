import { Client } from 'pg';
import { nudgeChannel } from '../contracts/nudge';
import { oneLine } from '../runtime/errors';
import { type Service } from '../runtime/lifecycle';
import { type Logger } from '../runtime/logger';
import { sayRepeated } from '../runtime/repeated-failures';

/** A server that does not reply for this long is away, milliseconds. */
const patienceMs = 5_000;
const againMs = 2_000;
const listen = `LISTEN ${nudgeChannel}`;

export interface NudgeListenerOptions {
  readonly url: string;
  /** A nudge came, or it listens again and nudges may have been lost. */
  readonly onNudge: () => void;
  /** From now on nudges are heard; from now on they are not. */
  readonly onListening?: () => void;
  readonly onDeaf?: () => void;
  /** How often the session is asked whether it is still there, milliseconds. */
  readonly askEveryMs?: number;
  readonly logger: Logger;
}

/**
 * Listens for nudges on a session of its own, straight to PostgreSQL: LISTEN does not work through a pooler. It says at once when the session
 * is lost, also when the server has vanished without a word: polls become frequent then, and a start comes one of them later.
 */
export class NudgeListener implements Service {
  readonly name = 'nudge-listener';
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: NudgeListenerOptions) {}

  async start(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.options.url,
      application_name: 'nova-bridge-listen',
      connectionTimeoutMillis: patienceMs,
      query_timeout: patienceMs,
      keepAlive: true,
    });
    client.on('notification', () => this.options.onNudge());
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the connection ended')));
    this.client = client;
    try {
      await client.connect();
      await client.query(listen);
      if (this.client !== client) return;
      this.options.onNudge();
      this.options.onListening?.();
      this.watch(client);
    } catch (thrown) {
      this.lost(client, thrown);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  /** Asks after a while, again and again, until the session does not reply. To listen again changes nothing, and pg_stat_activity shows it. */
  private watch(client: Client): void {
    this.timer = setTimeout(() => {
      client.query(listen).then(
        () => this.client === client && !this.stopped && this.watch(client),
        (thrown: unknown) => this.lost(client, thrown),
      );
    }, this.options.askEveryMs ?? patienceMs);
  }

  private lost(client: Client, thrown: unknown): void {
    if (this.stopped || this.client !== client) return;
    this.client = undefined;
    clearTimeout(this.timer);
    // What waits for a reply is torn off; nothing of this session is heard any more.
    client.removeAllListeners('notification');
    void client.end().catch(() => undefined);
    this.options.onDeaf?.();
    const message = 'nudges lost; polling goes on, listening again in 2 s';
    sayRepeated(this.options.logger, { key: 'nudges', level: 'warn', fields: { error: oneLine(thrown) }, message });
    this.timer = setTimeout(() => void this.start(), againMs);
  }
}

import { type PoolClient } from 'pg';
import { type ServiceName, type ServicePools, outboxesIn } from '../services';

/**
 * The open transactions of one piece of business work: one in each database that it touches. With one database there is one. With several, a row
 * that is held in another service's database is what a call to that service would reserve. Those that only hold are ended last.
 */
export class Sessions {
  private readonly clients = new Map<ServicePools[ServiceName], PoolClient>();
  private readonly writing = new Set<PoolClient>();

  constructor(private readonly services: ServicePools) {}

  /** The session in a service's database, with its transaction begun. */
  async of(service: ServiceName, writes: boolean): Promise<PoolClient> {
    const pool = this.services[service];
    const client = this.clients.get(pool) ?? (await this.begin(service));
    if (writes) this.writing.add(client);
    return client;
  }

  async commit(): Promise<void> {
    const all = [...this.clients.values()];
    for (const client of all.filter((one) => this.writing.has(one))) await client.query('COMMIT');
    for (const client of all.filter((one) => !this.writing.has(one))) await client.query('COMMIT');
  }

  async rollBack(): Promise<void> {
    for (const client of this.clients.values()) await client.query('ROLLBACK');
  }

  release(): void {
    for (const client of this.clients.values()) client.release();
  }

  private async begin(service: ServiceName): Promise<PoolClient> {
    const pool = this.services[service];
    const client = await pool.connect();
    this.clients.set(pool, client);
    await client.query('BEGIN');
    // No server sees a circle of waits that goes through two of them.
    if (outboxesIn({ services: this.services }).length > 1) await client.query(`SET LOCAL lock_timeout = '1s'`);
    return client;
  }
}

import { Client } from 'pg';
import type { StackAddresses } from '../addresses';
import type { Answer } from '../servers/server';

export async function askPostgres(addresses: StackAddresses): Promise<Answer> {
  return withClient(addresses.databaseUrl, async (client) => {
    const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version");
    return { version: rows[0]?.version.split(' ')[0] ?? 'unknown' };
  });
}

/** Runs `work` on a connection of its own and closes it. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 5_000 });
  client.on('error', () => undefined); // a server that goes away while we ask is reported by the query
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

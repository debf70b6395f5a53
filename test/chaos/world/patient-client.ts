import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

const patienceMs = 600_000;

/** Again until it succeeds: other faults kill and stop the server meanwhile. Part of the work may be done twice. */
export async function patiently(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await withClient(url, work);
      return;
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
      await pause(250);
    }
  }
}

export async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'nova-chaos-harm' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

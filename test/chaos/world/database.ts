import { Client } from 'pg';
import { runMigrations } from '../../../migrations/run-migrations';

/** Makes a fresh, migrated database beside the one at `serverUrl`; answers its URL. */
export async function createRunDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = new Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name}`);
  } finally {
    await admin.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await runMigrations(url.href);
  return url.href;
}

import { Client } from 'pg';
import { businessRights, businessSchema, graphRights, settingsRights } from '../../../proof/traffic/business-schema';
import { loginOf, makeLogins } from '../../../dev/logins';
import { createDatabase } from '../../support/databases';
import { runMigrations } from '../../../migrations/run-migrations';

/** What the run adds to the tables of the business services. */
const chaosTables = `
  -- Every transaction of the writers leaves its number here, beside its business rows and its events.
  CREATE TABLE business.transactions (tx bigint PRIMARY KEY);
  -- What the subscribers handled, from when to when.
  CREATE TABLE business.heard (
    n bigserial PRIMARY KEY, listener text NOT NULL, topic text NOT NULL, key text NOT NULL, event_id uuid NOT NULL,
    sequence bigint NOT NULL, began_at timestamptz NOT NULL DEFAULT clock_timestamp(), ended_at timestamptz);
  CREATE INDEX ON business.heard (event_id);
`;

/** Makes a fresh, migrated database beside the one at `serverUrl`; returns its URL. */
export async function createRunDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = new Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await createDatabase(admin, name);
  } finally {
    await admin.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await runMigrations(url.href);
  await makeLogins(url.href);
  await makeBusinessTables(url.href);
  return url.href;
}

async function makeBusinessTables(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(businessSchema());
    await client.query(chaosTables);
    await client.query(businessRights(loginOf('publisher')));
    await client.query(settingsRights(loginOf('publisher')));
    await client.query(graphRights(loginOf('publisher')));
  } finally {
    await client.end();
  }
}

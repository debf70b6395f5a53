import { type ClientBase } from 'pg';
import { z } from 'zod';
import { catalogue, spellingsOf } from '../contracts/catalogue';
import { type Domain, domains as allDomains } from '../contracts/events/define';
import { channels, notificationKinds } from '../contracts/notification-kinds';
import { maxPayloadBytes, oldestVersion } from '../contracts/parse-event';
import { priorities } from '../contracts/priority';
import { type MigrationSet } from './sets';

/** What SQL knows of the contracts: an outbox the event types, State the kinds of notification with their channels. */
export async function recordContracts(
  client: ClientBase,
  { sets, domains }: { readonly sets: readonly MigrationSet[]; readonly domains?: readonly Domain[] | undefined },
): Promise<void> {
  if (sets.includes('outbox')) {
    await upsert(client, {
      table: 'outbox_event_types',
      key: ['spelling'],
      columns: typeColumns,
      rows: eventTypeRows(),
    });
    if (domains !== undefined) await client.query(allow, [typesOf(domains), typesOf(allDomains)]);
    // A type that is new goes where the others of its domain went.
    await client.query('SELECT outbox_mark_moves()');
  }
  if (sets.includes('state'))
    await upsert(client, {
      table: 'notification_kinds',
      key: ['kind', 'channel'],
      columns: kindColumns,
      rows: notificationKindRows(),
    });
}

/** A type that only a newer version knows keeps what that said of it. $1 allowed, $2 known types */
const allow = `
  UPDATE outbox_event_types SET allowed = event_type = ANY ($1::text[])
  WHERE event_type = ANY ($2::text[]) AND allowed <> (event_type = ANY ($1::text[]))`;

const typesOf = (domains: readonly Domain[]): string[] =>
  catalogue.filter(({ domain }) => domains.includes(domain)).map(({ type }) => type);

const typeColumns = {
  spelling: 'text',
  event_type: 'text',
  aggregate_type: 'text',
  domain: 'text',
  priority: 'smallint',
  schema_version: 'integer',
  after_dead_letter: 'text',
  newest_version: 'integer',
  key_field: 'text',
  aggregate_is_key: 'boolean',
  max_payload_bytes: 'integer',
  payload_schema: 'jsonb',
};

/** One row per accepted spelling: from it the insert trigger fills what a writer left out, and nova_publish checks the rest. */
export function eventTypeRows(): Record<keyof typeof typeColumns, unknown>[] {
  return catalogue.flatMap((definition) =>
    spellingsOf(definition.type).map((spelling) => ({
      spelling,
      event_type: definition.type,
      aggregate_type: definition.aggregateType,
      domain: definition.domain,
      priority: priorities[definition.priority],
      // Who says no version knows none: the newest would be a claim about its payload, and keep older bridges from the row.
      schema_version: oldestVersion,
      after_dead_letter: definition.afterDeadLetter ?? 'continue',
      newest_version: definition.version,
      key_field: definition.partitionKey,
      aggregate_is_key: definition.aggregate.isKey,
      max_payload_bytes: maxPayloadBytes,
      payload_schema: z.toJSONSchema(definition.schema, { io: 'input' }),
    })),
  );
}

const kindColumns = { kind: 'text', channel: 'text', on_default: 'boolean', locked: 'boolean' };

function notificationKindRows(): Record<keyof typeof kindColumns, unknown>[] {
  return Object.entries(notificationKinds).flatMap(([kind, { defaultChannels, lockedChannels }]) =>
    channels.map((channel) => ({
      kind,
      channel,
      on_default: defaultChannels.includes(channel),
      locked: lockedChannels.includes(channel),
    })),
  );
}

interface Contents {
  readonly table: string;
  readonly key: readonly string[];
  /** Name → type. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly object[];
}

/** Rows of a newer version that this one does not know stay: its processes may be running. */
async function upsert(client: ClientBase, { table, key, columns, rows }: Contents): Promise<void> {
  const names = Object.keys(columns);
  const others = names.filter((name) => !key.includes(name));
  await client.query(
    `INSERT INTO ${table} (${names.join(', ')})
     SELECT ${names.join(', ')} FROM jsonb_to_recordset($1::jsonb)
       AS t (${Object.entries(columns)
         .map(([name, type]) => `${name} ${type}`)
         .join(', ')})
     ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    [JSON.stringify(rows)],
  );
}

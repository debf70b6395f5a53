import { type ClientBase } from 'pg';
import { outboxTable } from './rights/decided';
import { type RoleNames } from './rights/roles';

const find = `
  SELECT to_regclass(format('%I.nova_migrations', $1::text)) IS NOT NULL AS here,
         to_regclass('public.nova_migrations') IS NOT NULL AND to_regclass('public.${outboxTable}') IS NOT NULL AS in_public`;

/**
 * The schema to migrate: the wanted one, or `public` when this database was migrated before there was a schema of our own.
 * Two sets of tables in one database would be worse than the wrong place: events would be written to one and read from the
 * other.
 */
export async function homeOf(client: ClientBase, wanted: string): Promise<{ schema: string; note?: string }> {
  const { rows } = await client.query<{ here: boolean; in_public: boolean }>(find, [wanted]);
  if (wanted === 'public' || rows[0]?.here === true || rows[0]?.in_public !== true) return { schema: wanted };
  return {
    schema: 'public',
    note:
      `this database has its tables in schema public, from before there was a schema of our own; they stay there. Set ` +
      `DATABASE_SCHEMA=public for every process and writer, or move them to ${wanted} (docs/runbook.md, "Rights")`,
  };
}

/** Makes the schema when it is missing, owned by the owner's role. Nothing of a schema that exists is changed. */
export async function makeSchema(client: ClientBase, schema: string, names: RoleNames | undefined): Promise<void> {
  const { rows } = await client.query<{ exists: boolean; creates: boolean }>(
    `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS exists,
       coalesce(has_schema_privilege($2, to_regnamespace(quote_ident($1))::oid, 'CREATE')
                AND has_schema_privilege($2, to_regnamespace(quote_ident($1))::oid, 'USAGE'), false) AS creates`,
    [schema, names?.owner ?? 'public'],
  );
  if (rows[0]?.exists !== true) {
    await client.query(`CREATE SCHEMA "${schema}"${names === undefined ? '' : ` AUTHORIZATION "${names.owner}"`}`);
  } else if (names !== undefined && !rows[0].creates) {
    await client.query(`GRANT CREATE, USAGE ON SCHEMA "${schema}" TO "${names.owner}"`);
  }
}

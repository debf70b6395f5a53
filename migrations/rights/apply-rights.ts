import { type ClientBase } from 'pg';
import { type Columns, type Grant, functionRights, outboxTable, relationRights } from './decided';
import { definerFunctions } from './definer-functions';
import { type Role, type RoleNames, roles } from './roles';

interface Relation {
  readonly name: string;
  readonly columns: readonly string[];
}

/**
 * What is ours: everything in a schema of our own, whether it is decided or not; in `public`, which is shared with others,
 * the relations and functions that are decided, and the partitions of the outbox.
 */
const ownRelations = `
  SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, s.nspname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
  WHERE s.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND (current_schema() <> 'public' OR c.relname = ANY ($1::text[]) OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('${outboxTable}')))`;
const ownFunctions = `
  SELECT p.oid, p.proname, p.prosecdef, p.proowner, p.proacl, p.proconfig, p.oid::regprocedure::text AS signature
  FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
    AND (current_schema() <> 'public' OR p.proname = ANY ($1::text[]))`;

const relationNames = Object.keys(relationRights);
const functionNames = Object.keys(functionRights);

/**
 * Makes the role the owner of everything of ours in the current schema. A sequence that belongs to a column goes with its
 * table. Nothing happens, and nothing is locked, when it is the owner already.
 */
export async function takeOwnership(client: ClientBase, names: RoleNames): Promise<void> {
  const relations = await client.query<{ relname: string }>(
    `SELECT r.relname FROM (${ownRelations}) r WHERE r.relowner <> $2::regrole
       AND NOT (r.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = r.oid AND d.deptype IN ('a', 'i')))`,
    [relationNames, names.owner],
  );
  for (const { relname } of relations.rows) await client.query(`ALTER TABLE "${relname}" OWNER TO "${names.owner}"`);
  const functions = await client.query<{ signature: string }>(
    `SELECT f.signature FROM (${ownFunctions}) f WHERE f.proowner <> $2::regrole`,
    [functionNames, names.owner],
  );
  for (const { signature } of functions.rows) {
    await client.query(`ALTER FUNCTION ${signature} OWNER TO "${names.owner}"`);
  }
}

/** Takes everything of ours from the current schema into another. What belongs to a table goes with it. */
export async function moveTo(client: ClientBase, schema: string): Promise<void> {
  const relations = await client.query<{ relname: string }>(
    `SELECT r.relname FROM (${ownRelations}) r
     WHERE NOT (r.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = r.oid AND d.deptype IN ('a', 'i')))`,
    [relationNames],
  );
  for (const { relname } of relations.rows) await client.query(`ALTER TABLE "${relname}" SET SCHEMA "${schema}"`);
  const functions = await client.query<{ signature: string }>(`SELECT f.signature FROM (${ownFunctions}) f`, [
    functionNames,
  ]);
  for (const { signature } of functions.rows) {
    await client.query(`ALTER FUNCTION ${signature} SET SCHEMA "${schema}"`);
  }
}

/** Every function of ours looks for names in our schema first and in pg_temp last, whatever its migration said. */
export async function fixSearchPaths(client: ClientBase, schema: string): Promise<void> {
  const path = `search_path="${schema}", pg_temp`;
  const plain = `search_path=${schema}, pg_temp`;
  const { rows } = await client.query<{ signature: string }>(
    `SELECT f.signature FROM (${ownFunctions}) f WHERE NOT coalesce(f.proconfig && $2::text[], false)`,
    [functionNames, [path, plain]],
  );
  for (const { signature } of rows) {
    await client.query(`ALTER FUNCTION ${signature} SET search_path = "${schema}", pg_temp`);
  }
}

/** Gives each role what `decided.ts` says and takes everything else away from the roles and from PUBLIC. */
export async function applyRights(client: ClientBase, names: RoleNames, schema: string): Promise<void> {
  await keepWhatPublicGave(client);
  const everyRole = roles.map((role) => `"${names[role]}"`).join(', ');
  const statements = [`GRANT USAGE ON SCHEMA "${schema}" TO ${everyRole}`];
  const { rows: relations } = await client.query<Relation & { kind: string }>(
    `SELECT r.relname AS name, r.relkind AS kind,
       ARRAY (SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
     FROM (${ownRelations}) r`,
    [relationNames],
  );
  for (const relation of relations) {
    statements.push(`REVOKE ALL ON "${relation.name}" FROM PUBLIC, ${everyRole}`);
    for (const [role, grant] of Object.entries(relationRights[relation.name] ?? {}) as [Role, Grant][]) {
      const privileges = privilegesOf(grant, relation).join(', ');
      statements.push(`GRANT ${privileges} ON "${relation.name}" TO "${names[role]}"`);
    }
  }
  const { rows: functions } = await client.query<{ signature: string; proname: string; prosecdef: boolean }>(
    ownFunctions,
    [functionNames],
  );
  for (const { signature, proname, prosecdef } of functions) {
    statements.push(`REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC, ${everyRole}`);
    const callers = (functionRights[proname] ?? []).map((role) => `"${names[role]}"`).join(', ');
    if (callers !== '') statements.push(`GRANT EXECUTE ON FUNCTION ${signature} TO ${callers}`);
    if (proname in definerFunctions && !prosecdef) statements.push(`ALTER FUNCTION ${signature} SECURITY DEFINER`);
  }
  await client.query(statements.join(';\n'));
}

/** `SELECT (id), INSERT (id, payload)`, as GRANT wants it. */
function privilegesOf(grant: Grant, relation: Relation): string[] {
  const privileges: string[] = [];
  for (const kind of ['select', 'insert', 'update'] as const) {
    const columns = grant[kind];
    if (columns === undefined) continue;
    const listed = listOf(kind, columns, relation);
    privileges.push(listed === undefined ? kind.toUpperCase() : `${kind.toUpperCase()} (${listed})`);
  }
  if (grant.delete) privileges.push('DELETE');
  return privileges;
}

function listOf(kind: string, columns: Columns, { name, columns: all }: Relation): string | undefined {
  if (columns === true) return undefined;
  const named = 'only' in columns ? columns.only : columns.except;
  const unknown = named.filter((column) => !all.includes(column));
  if (unknown.length > 0) throw new Error(`rights: ${name} has no column ${unknown.join(', ')}`);
  const kept = 'only' in columns ? named : all.filter((column) => !named.includes(column));
  // In which partition a row lies is no secret, and counting by partition asks for it (`nova status`).
  const system = kind === 'select' && 'except' in columns ? ['tableoid'] : [];
  return [...kept, ...system].map((column) => `"${column}"`).join(', ');
}

/**
 * Logins that were given rights on the outbox by hand call our functions by what PUBLIC has by default. They keep that, so
 * that processes which run while this is done go on; it is taken from all others.
 */
async function keepWhatPublicGave(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ signature: string; grantee: string }>(
    `WITH outbox AS (SELECT r.relacl, r.relowner FROM (${ownRelations}) r WHERE r.relname = '${outboxTable}'),
       by_hand AS (SELECT DISTINCT a.grantee FROM outbox, aclexplode(outbox.relacl) a
                   WHERE a.grantee <> 0 AND a.grantee <> outbox.relowner AND a.privilege_type = 'UPDATE')
     SELECT f.signature, by_hand.grantee::regrole::text AS grantee FROM (${ownFunctions.replace('$1', '$2')}) f, by_hand
     WHERE EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
                   WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')`,
    [relationNames, functionNames],
  );
  for (const { signature, grantee } of rows) await client.query(`GRANT EXECUTE ON FUNCTION ${signature} TO ${grantee}`);
  // What the claim they call reads and writes beside the outbox, since it knows heads.
  for (const grantee of new Set(rows.map((row) => row.grantee))) {
    await client.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON outbox_heads, outbox_writer_locks TO ${grantee};
       GRANT SELECT ON outbox_holds, outbox_event_types TO ${grantee}`,
    );
  }
}

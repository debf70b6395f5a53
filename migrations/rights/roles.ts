import { type ClientBase } from 'pg';

/** Who may do what is said of these; logins are made by people and become members (docs/runbook.md, "Rights"). */
export const roles = ['publisher', 'bridge', 'workers', 'operator', 'desk', 'reader'] as const;
export type Role = (typeof roles)[number];

/** Real names of the roles. They belong to the whole cluster, so each deployment in it has a prefix of its own. */
export interface RoleNames extends Readonly<Record<Role, string>> {
  /** Owns the schema and everything in it. */
  readonly owner: string;
}

export function roleNames(prefix: string): RoleNames {
  const names = Object.fromEntries(['owner', ...roles].map((role) => [role, `${prefix}_${role}`]));
  return names as unknown as RoleNames;
}

const missing = `
  SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)`;
const isOwner = `SELECT pg_has_role(current_user, $1, 'USAGE') AS yes`;

const denied = '42501';

/**
 * Makes the roles that are missing, and the migrating login a member of the owner. Roles are shared by all databases of a
 * cluster, and advisory locks are not: other databases may be doing the same at this moment, which is met by trying again.
 * @throws Error with the SQL that an administrator must run, when this login may not
 */
export async function ensureRoles(
  client: ClientBase,
  names: RoleNames,
  /** True: a superuser too, who needs no membership, is made a member, as in a script that another login runs. */
  { always = false }: { readonly always?: boolean } = {},
): Promise<void> {
  await persist(async () => {
    const { rows } = await client.query<{ name: string }>(missing, [Object.values(names)]);
    for (const { name } of rows) await asAdministrator(client, names, `CREATE ROLE "${name}" NOLOGIN`);
    const member = await client.query<{ yes: boolean }>(isOwner, [names.owner]);
    if (always || member.rows[0]?.yes !== true)
      await asAdministrator(client, names, `GRANT "${names.owner}" TO current_user`);
  });
}

async function asAdministrator(client: ClientBase, names: RoleNames, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== denied) throw thrown;
    const { rows } = await client.query<{ login: string; database: string }>(
      'SELECT current_user AS login, current_database() AS database',
    );
    throw new Error(`this login may not create roles. ${administratorSql(names, rows[0]!)}`, { cause: thrown });
  }
}

function administratorSql(names: RoleNames, { login, database }: { login: string; database: string }): string {
  const sql = [
    ...Object.values(names).map((name) => `CREATE ROLE "${name}" NOLOGIN;`),
    `GRANT "${names.owner}" TO "${login}";`,
    `GRANT CREATE ON DATABASE "${database}" TO "${login}";`,
  ];
  return `Give it CREATEROLE, or have an administrator run once: ${sql.join(' ')} Without roles: DATABASE_ROLES=off`;
}

/** Two sessions that change the same row of a catalogue, or make the same role: one of them is refused and may try again. */
const transient = new Set(['42710', '23505', '40001', '40P01']);

export function isCatalogueRace(thrown: unknown): boolean {
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  if (code === 'XX000') return /tuple concurrently (updated|deleted)/.test(String(message));
  return false;
}

async function persist(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (thrown) {
      const code = String((thrown as { code?: unknown }).code);
      if (attempt === 20 || !(transient.has(code) || isCatalogueRace(thrown))) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
    }
  }
}

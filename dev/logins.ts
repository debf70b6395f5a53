import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { type Role, isCatalogueRace, roleNames, roles } from '../migrations/rights/roles';

/** As secret as the administrator's password, and the same for everyone who knows that. Deployments have theirs by hand. */
const passwordOf = (adminUrl: string, login: string): string =>
  createHash('sha256')
    .update(`${new URL(adminUrl).password}:${login}`)
    .digest('hex')
    .slice(0, 32);

/** Those that processes and people work as, and the owner for what only it may do. */
export type LoginRole = Role | 'owner';
const loginRoles: readonly LoginRole[] = ['owner', ...roles];
export type LoginUrls = Readonly<Record<LoginRole, string>>;

/** Name of the login of each role: a member of that role and nothing else. Never the name of a schema. */
export const loginOf = (role: LoginRole, prefix = 'nova'): string => `${prefix}_${role}_login`;

/**
 * Makes the logins that are missing, for a cluster with the roles of `migrations/`. Logins are shared by all databases, and
 * others may be making them too.
 * @returns the URL of the given database for each role
 */
export async function makeLogins(adminUrl: string, prefix = 'nova'): Promise<LoginUrls> {
  const admin = new Client({ connectionString: adminUrl, application_name: 'nova-logins' });
  await admin.connect();
  try {
    for (const role of loginRoles) {
      const login = loginOf(role, prefix);
      await makeLogin(admin, { login, password: passwordOf(adminUrl, login), role: roleNames(prefix)[role] });
    }
  } finally {
    await admin.end();
  }
  return urlsOf(adminUrl, prefix);
}

/** The same database as each role's login sees it. */
export function urlsOf(adminUrl: string, prefix = 'nova'): LoginUrls {
  const urls = loginRoles.map((role) => {
    const url = new URL(adminUrl);
    url.username = loginOf(role, prefix);
    url.password = passwordOf(adminUrl, url.username);
    return [role, url.href];
  });
  return Object.fromEntries(urls) as LoginUrls;
}

async function makeLogin(
  admin: Client,
  { login, password, role }: { login: string; password: string; role: string },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { rowCount } = await admin.query(
        `SELECT FROM pg_roles WHERE rolname = $1 AND pg_has_role(rolname, $2, 'USAGE')`,
        [login, role],
      );
      if (rowCount === 0) {
        const { rowCount: exists } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [login]);
        if (exists === 0) await admin.query(`CREATE ROLE "${login}" LOGIN PASSWORD '${password}'`);
        await admin.query(`GRANT "${role}" TO "${login}"`);
      }
      return;
    } catch (thrown) {
      const code = String((thrown as { code?: unknown }).code);
      if (attempt === 20 || !(['42710', '23505'].includes(code) || isCatalogueRace(thrown))) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
    }
  }
}

/** Everyone who may come in through a pooler in front of the server: its administrator and the logins of the roles. */
export function logins(adminUrl: string, prefixes: readonly string[] = ['nova']): { name: string; password: string }[] {
  const { username, password } = new URL(adminUrl);
  const own = prefixes.flatMap((prefix) => loginRoles.map((role) => loginOf(role, prefix)));
  return [{ name: username, password }, ...own.map((name) => ({ name, password: passwordOf(adminUrl, name) }))];
}

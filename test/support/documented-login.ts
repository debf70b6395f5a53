import { readFileSync } from 'node:fs';
import { type Pool } from 'pg';

/**
 * A login that has the grants which a document names for one, and nothing else. It belongs to the whole cluster, so `as` is a name
 * that no other test uses; `DROP OWNED BY` it at the end.
 * @param document page with the statements `GRANT … TO <login>;`
 * @returns the URL of the database for it
 */
export async function loginOfDocument(
  database: { readonly url: string; readonly pool: Pool },
  { document, login, as }: { readonly document: string; readonly login: string; readonly as: string },
): Promise<string> {
  const grants = [...readFileSync(document, 'utf8').matchAll(/^GRANT [^;]+ TO (\w+);$/gm)]
    .filter(([, grantee]) => grantee === login)
    .map(([statement]) => statement.replace(` TO ${login};`, ` TO ${as};`));
  if (grants.length === 0) throw new Error(`${document} grants nothing to ${login}`);
  await database.pool.query(
    `DO $$ BEGIN CREATE ROLE ${as} LOGIN PASSWORD '${as}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$; ${grants.join('\n')}`,
  );
  const url = new URL(database.url);
  [url.username, url.password] = [as, as];
  return url.href;
}

import { type Pool } from 'pg';
import { type Random } from './random';

/** What a few people said on their settings page before the traffic began: no hearts in my inbox, no mail for mentions. */
export async function setPreferences(
  pool: Pool,
  people: { readonly writers: readonly string[]; readonly reachable: readonly string[] },
  random: Random,
): Promise<void> {
  const some = (users: readonly string[], share: number) => users.filter(() => random.chance(share));
  const off =
    'INSERT INTO nova.notification_preferences SELECT unnest($1::uuid[]), $2, $3, false ON CONFLICT DO NOTHING';
  await pool.query(off, [some(people.writers, 0.05), 'reaction.received', 'in_app']);
  await pool.query(off, [some(people.reachable, 0.2), 'post.mention', 'email']);
  // A switch that has no power: an account must hear of its own security.
  await pool.query(off, [some(people.reachable, 0.2), 'security.alert', 'email']);
}

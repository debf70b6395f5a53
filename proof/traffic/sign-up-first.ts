import { type Pool } from 'pg';
import { until } from '../../dev/stack/until';
import { type Random } from './random';
import { signUp } from './scenarios/people';
import { type Services } from './scenarios/scenario';

/** Far longer than it takes: on a starved machine the system is still starting beside it. */
const patienceMs = 240_000;

/**
 * The first people sign up, with an address each, and are known before anything else happens: from then on an e-mail to
 * them is due, and the checks can say so. Returns how many.
 */
export async function signUpFirst(
  { business, world, pause }: Services,
  options: { pool: Pool; count: number; rate: number; random: Random; interrupted: AbortSignal },
): Promise<number> {
  const { pool, count, rate, random, interrupted } = options;
  const people: string[] = [];
  for (let i = 0; i < count; i += 1) {
    interrupted.throwIfAborted();
    const userId = await signUp(business, world, random);
    if (userId !== undefined) people.push(userId);
    await pause(1_000 / rate);
  }
  const known = async () => {
    interrupted.throwIfAborted();
    const { rowCount } = await pool.query(
      'SELECT 1 FROM nova.user_profiles WHERE user_id = ANY ($1) AND email IS NOT NULL',
      [people],
    );
    return rowCount === people.length;
  };
  if (!(await until(known, { timeoutMs: patienceMs, everyMs: 50 }))) {
    throw new Error(
      `${people.length} people signed up, but ${patienceMs / 1_000} s later not all of them have a profile`,
    );
  }
  world.reachable.push(...people);
  return people.length;
}

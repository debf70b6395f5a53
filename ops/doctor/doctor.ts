import { notificationSettings } from '../../activities/notify/settings';
import { migrationSets } from '../../migrations/sets';
import { type ConfigOf } from '../../runtime/config';
import { isInState, outboxesOf } from '../../runtime/outboxes';
import { placeOf } from '../../runtime/which-setting';
import { type Connections } from '../connections';
import { inTime, statusSettings } from '../status/servers';
import { type Check } from './check';
import { checkKafka } from './kafka';
import { checkMail } from './mail';
import { checkPostgres } from './postgres';
import { checkRedis } from './redis';
import { checkTemporal } from './temporal';

/** What `nova doctor` reads from the environment. */
export const doctorSettings = { ...statusSettings, ...notificationSettings } as const;

/** Every check of a deployment, server by server. Changes nothing. */
export async function examine(connections: Connections, config: ConfigOf<typeof doctorSettings>): Promise<Check[]> {
  const { pool, outboxes, redis } = connections;
  const places = outboxesOf(config).filter(({ name }) => outboxes.names.includes(name));
  const apart = places.filter((place) => !isInState(place, config));
  const state = {
    ...{ of: 'PostgreSQL', pool, place: `DATABASE_URL (${placeOf(config.databaseUrl)})` },
    // One URL for everything has both.
    ...(apart.length < places.length
      ? { sets: migrationSets, migrateOptions: '' }
      : { sets: ['state'] as const, migrateOptions: ' -- --state' }),
  };
  const asked: [of: string, checks: Promise<Check[]>][] = [
    [state.of, checkPostgres(state)],
    ...apart.map(({ name, url }): [string, Promise<Check[]>] => [
      `outbox ${name}`,
      checkPostgres({
        ...{ of: `outbox ${name}`, pool: outboxes.of({ outbox: name }), sets: ['outbox'] },
        ...{ place: `OUTBOXES (${placeOf(url)})`, migrateOptions: ` -- --outbox ${name}` },
      }),
    ]),
    ['Temporal', checkTemporal(connections)],
    ['Kafka', checkKafka(config)],
    ['Redis', checkRedis(redis, pool, config.redisUrl)],
    ['mail', checkMail(config)],
  ];
  const all = await Promise.all(
    asked.map(([of, checks]) => inTime(checks).catch((thrown: unknown) => [silent(of, thrown)])),
  );
  return all.flat();
}

const silent = (of: string, thrown: unknown): Check => ({
  ...{ of, what: 'reachable', state: 'fault', says: (thrown as Error).message },
  cure: 'it hangs: look at the server itself',
});

import { type StackAddresses } from '../../stack/addresses';
import { type Env } from '../../stack/paths';
import { isGiven } from '../../stack/servers/addresses-of';
import { deleteTopics } from '../../../proof/observe/kafka-reader';
import { deleteKeys } from '../../../proof/observe/redis-reader';
import { redisPrefixOfAll, runNames, type RunNames, topicPrefixOfAll } from '../../runs/names';
import { dropOldDatabases } from '../../runs/database';

/**
 * Removes what earlier runs left on our own servers, where it stays after a run so that one can look at it. Runs that are
 * still going on keep theirs, and servers that the environment gives are not ours to tidy.
 */
export async function removeOldRuns(
  addresses: StackAddresses,
  livingRuns: readonly string[],
  env: Env = process.env,
): Promise<void> {
  const living = livingRuns.map(runNames);
  const keep = (name: 'topicPrefix' | 'redisPrefix' | 'database') => living.map((names) => names[name]);
  await Promise.all([
    isGiven('postgres', env) || dropOldDatabases(addresses.databaseUrl, new Set(keep('database'))),
    isGiven('redis', env) || deleteKeys(addresses.redisUrl, redisPrefixOfAll, keep('redisPrefix')),
    isGiven('kafka', env) || deleteTopics(addresses.kafkaBrokers, topicPrefixOfAll, keep('topicPrefix')),
  ]);
}

/** Removes what this run made on servers that the environment gives: nothing of it stays behind there. */
export async function removeFromGivenServers(
  addresses: StackAddresses,
  names: RunNames,
  dropDatabase: () => Promise<void>,
  env: Env = process.env,
): Promise<void> {
  await Promise.all([
    isGiven('postgres', env) && dropDatabase(),
    isGiven('redis', env) && deleteKeys(addresses.redisUrl, names.redisPrefix),
    isGiven('kafka', env) && deleteTopics(addresses.kafkaBrokers, `${names.topicPrefix}.`),
  ]);
}

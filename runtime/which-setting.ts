import { failures } from '../contracts/failures';
import { temporalFailure } from './classify-temporal-error';
import { codeOf, oneLine } from './errors';
import { isDatabaseOutage, isSchemaBehind } from './postgres';
import { grpcStatusOf } from './service-error';

/** The settings that lead a process to its servers. */
export interface ServerSettings {
  readonly databaseUrl: string;
  readonly databaseSchema?: string;
  /** Where these two are given, when not in DATABASE_URL and DATABASE_SCHEMA. */
  readonly databaseSetting?: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Absent: of a process that does not use Redis. */
  readonly redisUrl?: string;
}

/**
 * One line about what a server replied, or that it did not: with the server and the variable that leads to it.
 * Any other failure as it is.
 */
export function withSetting(thrown: unknown, settings: ServerSettings): string {
  const text = oneLine(thrown, 1_000);
  if (grpcStatusOf(thrown) !== undefined || isNoConnection(thrown)) return withTemporalSetting(thrown, settings);
  if (thrown instanceof Error && thrown.name.startsWith('KafkaJS')) return `Kafka (KAFKA_BROKERS): ${text}`;
  if (codeOf(thrown) === 'REDIS_UNAVAILABLE' || text.includes('enableOfflineQueue'))
    return `no Redis${settings.redisUrl === undefined ? '' : ` at ${placeOf(settings.redisUrl)}`} (REDIS_URL): ${text}`;
  const at = `PostgreSQL at ${placeOf(settings.databaseUrl)} (${settings.databaseSetting ?? 'DATABASE_URL'})`;
  const code = String((thrown as { code?: unknown } | undefined)?.code);
  if (['28P01', '28000', '3D000', '42501'].includes(code)) return `${at} refuses us: ${text}`;
  if (isDatabaseOutage(thrown)) return `no ${at}: ${text}`;
  if (isSchemaBehind(thrown))
    return `${at} has not all that is ours in schema ${settings.databaseSchema ?? 'nova'} (${settings.databaseSetting ?? 'DATABASE_SCHEMA'}); run \`npm run migrate\`: ${text}`;
  return text;
}

/** The same of what Temporal replied. */
export function withTemporalSetting(
  thrown: unknown,
  { temporalAddress, temporalNamespace }: Pick<ServerSettings, 'temporalAddress' | 'temporalNamespace'>,
): string {
  const text = oneLine(thrown, 1_000);
  const at = `Temporal at ${temporalAddress} (TEMPORAL_ADDRESS)`;
  const { code } = temporalFailure(thrown);
  if (code === 'NAMESPACE_MISSING') {
    const missing = `no namespace "${temporalNamespace}" (TEMPORAL_NAMESPACE) in ${at}: ${text.replace(/\.$/, '')}`;
    return `${missing}. ${failures.NAMESPACE_MISSING.action}`;
  }
  if (code === 'NOT_AUTHORIZED') return `${at} refuses us (TEMPORAL_API_KEY, TEMPORAL_CERT_FILE): ${text}`;
  return failures[code].cause === 'outage' ? `no ${at}: ${text}` : `${at}: ${text}`;
}

/** What grpc-js throws when it never reached the server; it has no status. */
function isNoConnection(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause)
    if (error.message === 'Failed to connect before the deadline') return true;
  return false;
}

/** Host, port and database, without the login. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

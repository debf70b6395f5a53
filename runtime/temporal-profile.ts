import { existsSync } from 'node:fs';
import { type ClientConfigProfile, type ConfigDataSource, loadClientConfigProfile } from '@temporalio/envconfig';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that ask for a profile: what Temporal's command line and its other clients read, too. */
export const profileVariable = 'TEMPORAL_PROFILE';
export const profileFileVariable = 'TEMPORAL_CONFIG_FILE';

/**
 * The environment with what a profile of a `temporal.toml` says of Temporal, where our own variables say nothing. No file is looked
 * at unless one of the two variables asks for it: a file in a person's home must not decide where a process works.
 *
 * @returns `faults`: what keeps the profile from being used, one sentence each
 */
export function withTemporalProfile(
  environment: Environment,
  settings: readonly { readonly env: string }[],
): { environment: Environment; faults: string[] } {
  if (!settings.some(({ env }) => env === profileVariable)) return { environment, faults: [] };
  const [profile, file] = [profileVariable, profileFileVariable].map((name) => environment[name]?.trim() ?? '');
  if (!profile && !file) return { environment, faults: [] };
  const asked = [profile && `${profileVariable}=${profile}`, file && `${profileFileVariable}=${file}`];
  const named = asked.filter(Boolean).join(', ');
  if (file && !existsSync(file)) return { environment, faults: [`${named}: there is no such file`] };
  try {
    const found = loadClientConfigProfile({
      ...(profile && { profile }),
      ...(file && { configSource: { path: file } }),
      configFileStrict: true,
      overrideEnvVars: Object.fromEntries(
        Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      // Ours win, and they are read elsewhere.
      disableEnv: true,
    });
    const unusable = faultsOf(found).map((fault) => `${named}: ${fault}`);
    return {
      environment: { ...environment, ...unset(variablesOf(found, environment), environment) },
      faults: unusable,
    };
  } catch (thrown) {
    return { environment, faults: [`${named}: ${thrown instanceof Error ? thrown.message : String(thrown)}`] };
  }
}

function faultsOf({ tls, grpcMeta }: ClientConfigProfile): string[] {
  const inline = [tls?.clientCert, tls?.clientKey, tls?.serverCACert].some(
    (source) => source !== undefined && !('path' in source),
  );
  return [
    ...(inline ? ['certificates must be files: use client_cert_path, client_key_path, server_ca_cert_path'] : []),
    ...(Object.keys(grpcMeta ?? {}).length > 0 ? ['grpc_meta is not sent; remove it from the profile'] : []),
  ];
}

function variablesOf(found: ClientConfigProfile, environment: Environment): Record<string, string | undefined> {
  const { address, namespace, apiKey } = found;
  const hasOwnKey = Boolean(environment['TEMPORAL_API_KEY_FILE']?.trim());
  // TEMPORAL_TLS=false switches the profile's TLS off as a whole.
  const tls = environment['TEMPORAL_TLS']?.trim() === 'false' || found.tls?.disabled === true ? undefined : found.tls;
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_API_KEY: hasOwnKey ? undefined : apiKey,
    TEMPORAL_TLS: tls === undefined ? undefined : 'true',
    TEMPORAL_CA_FILE: pathOf(tls?.serverCACert),
    TEMPORAL_CERT_FILE: pathOf(tls?.clientCert),
    TEMPORAL_KEY_FILE: pathOf(tls?.clientKey),
    TEMPORAL_TLS_SERVER_NAME: tls?.serverName,
  };
}

const pathOf = (source: ConfigDataSource | undefined): string | undefined =>
  source !== undefined && 'path' in source ? source.path : undefined;

/** Those of `found` that the environment does not set itself. */
function unset(found: Record<string, string | undefined>, environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, value]) =>
      value === undefined || environment[name]?.trim() ? [] : [[name, value]],
    ),
  );
}

import { parseArgs } from 'node:util';
import { type Domain, domains as allDomains } from '../contracts/events/define';
import { mainOutbox } from '../contracts/outbox-name';
import { ConfigError, type ConfigOf } from '../runtime/config';
import { isInState, outboxesOf } from '../runtime/outboxes';
import { type MigrationSet, migrationSets } from './sets';
import { type migrateSettings } from './settings';

/** A database to bring up to date. */
export interface Target {
  /** For people: `database`, `State`, `outbox content`. */
  readonly label: string;
  readonly url: string;
  readonly schema: string;
  readonly sets: readonly MigrationSet[];
  readonly rolePrefix: string;
  /** Undefined: there is no outbox in it. */
  readonly outbox?: string | undefined;
  /** Domains that its service may write; undefined: what the database says stays, at first all. */
  readonly domains?: readonly Domain[] | undefined;
}

export interface Flags {
  readonly adopt: boolean;
  readonly moveFromPublic: boolean;
  readonly state: boolean;
  readonly outbox: string | undefined;
  /** Of the outbox that is named; undefined: what the database says stays, at first all. */
  readonly domains: readonly Domain[] | undefined;
  readonly print: boolean;
  readonly help: boolean;
}

export const usage = `npm run migrate [-- FLAGS]: brings the schema of State and of every outbox that the settings name up to date

  --outbox NAME        the outbox of this name alone
  --domains D1,D2      with --outbox, where OUTBOXES is not set: the event domains that its service may write; left out: those that the
                       database says, at first all. Domains are ${allDomains.join(', ')}
  --state              State alone
  --print              writes the SQL of one of them to the standard output and changes nothing; for an administrator who reads
                       what is run, and runs it with psql
  --adopt              takes a database that belonged to another deployment
  --move-from-public   takes the tables that a version before made in schema public into the schema of DATABASE_SCHEMA
  --help               shows this

Settings: docs/configuration.md; several outboxes: docs/outboxes.md.`;

/** @throws ConfigError for a flag that is not known */
export function flagsOf(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        adopt: { type: 'boolean', default: false },
        'move-from-public': { type: 'boolean', default: false },
        state: { type: 'boolean', default: false },
        outbox: { type: 'string' },
        domains: { type: 'string' },
        print: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { adopt, state, outbox, print, help } = values;
    const domains = values.domains === undefined ? undefined : domainsOf(values.domains);
    if (state && outbox !== undefined) throw new Error('--state and --outbox exclude each other');
    if (domains !== undefined && outbox === undefined)
      throw new Error('--domains is for one outbox: give --outbox NAME too');
    if (print && (adopt || values['move-from-public']))
      throw new Error('--print changes nothing, and so excludes --adopt and --move-from-public');
    return { adopt, state, outbox, domains, print, help, moveFromPublic: values['move-from-public'] };
  } catch (thrown) {
    throw new ConfigError([
      `${(thrown as Error).message}; flags are --outbox NAME, --domains D1,D2, --state, --print, --adopt, --move-from-public, --help`,
    ]);
  }
}

/** @throws for a name that is no domain, and when there is none: a service that may write nothing is a mistake */
function domainsOf(list: string): readonly Domain[] {
  const names = list.split(',').map((name) => name.trim());
  const known: readonly string[] = allDomains;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`--domains: no domain is called "${unknown.join('", "')}"; there are ${allDomains.join(', ')}`);
  return names as Domain[];
}

type Config = ConfigOf<typeof migrateSettings>;

/**
 * What `npm run migrate` is to bring up to date: the one database of a deployment that lists no outboxes; with a list, State and every
 * outbox; with a flag, one of them. Without a list, --outbox means the database of DATABASE_URL: a service's administrator, who installs
 * its outbox, knows no other.
 * @throws ConfigError for an outbox that the list does not name, and for domains beside a list, which says them itself
 */
export function targetsOf(config: Config, flags: Pick<Flags, 'state' | 'outbox' | 'domains'>): readonly Target[] {
  const { databaseUrl: url, databaseSchema: schema, rolePrefix } = config;
  const listed = outboxesOf(config);
  const inState = listed.find((outbox) => isInState(outbox, config));
  const state: Target = {
    label: inState === undefined ? 'State' : 'database',
    ...{ url, schema, rolePrefix },
    sets: inState === undefined || flags.state ? ['state'] : migrationSets,
    ...(inState === undefined || flags.state ? {} : { outbox: inState.name, domains: inState.domains }),
  };
  if (flags.state) return [{ ...state, label: 'State' }];
  const outboxes = listed.filter((outbox) => outbox !== inState).map((outbox) => targetOf(outbox, rolePrefix));
  if (flags.outbox === undefined) return [state, ...outboxes];
  const { outbox: name, domains } = flags;
  if (domains !== undefined && config.outboxes.length > 0)
    throw new ConfigError(['OUTBOXES says which domains an outbox may write: --domains is for DATABASE_URL alone']);
  const found = listed.find((outbox) => outbox.name === name);
  if (found !== undefined)
    return [
      found === inState
        ? { ...state, sets: ['outbox'], domains: domains ?? found.domains }
        : targetOf(found, rolePrefix),
    ];
  if (config.outboxes.length > 0)
    throw new ConfigError([
      `--outbox ${name} is not in OUTBOXES, which has ${listed.map((one) => one.name).join(', ')}`,
    ]);
  return [targetOf({ name, url, schema, domains }, rolePrefix)];
}

function targetOf(
  outbox: {
    readonly name: string;
    readonly url: string;
    readonly schema: string;
    readonly domains?: readonly Domain[] | undefined;
  },
  rolePrefix: string,
): Target {
  const { name, url, schema, domains } = outbox;
  return {
    label: `outbox ${name}`,
    ...{ url, schema, domains },
    sets: ['outbox'],
    // Roles belong to the whole cluster: services that share a server must not share roles.
    rolePrefix: name === mainOutbox ? rolePrefix : `${rolePrefix}_${name.replaceAll('-', '_')}`,
    outbox: name,
  };
}

import { isIP } from 'node:net';
import { z } from 'zod';
import { statusSettings } from '../ops/status/servers';
import { ConfigError, type ConfigOf, type Setting, setting, sharedSettings } from '../runtime/config';
import { consoleUrlSetting } from '../runtime/console-page';

/** Shorter keys can be guessed from one cookie, with time. */
const leastKey = 32;

/** What the link of an invitation is made of. */
export const inviteSettings = {
  consoleHost: setting.text(
    'CONSOLE_HOST',
    'Address on which the console listens. Another one than loopback needs CONSOLE_URL, and a way to know who a person is.',
    { fallback: '127.0.0.1' },
  ),
  consolePort: setting.integer('CONSOLE_PORT', 'Port of the console.', { min: 1, max: 65_535 }, { fallback: '8300' }),
  ...consoleUrlSetting,
  consoleKey: {
    env: 'CONSOLE_KEY',
    fallback: '',
    secret: true,
    meaning:
      'Key that signs sessions and invitations (`npm run console -- invite NAME`), at least 32 characters; the same for all consoles behind one address. Another key ends all sessions. Empty: no person can sign in.',
    allowed: `a text of at least ${leastKey} characters, or empty`,
    schema: z.string().refine((text) => text === '' || text.length >= leastKey),
  } satisfies Setting<string>,
} as const;

/** What the console reads from the environment. */
export const consoleSettings = {
  ...statusSettings,
  ...sharedSettings.logging,
  ...inviteSettings,
  sessionHours: setting.integer(
    'CONSOLE_SESSION_HOURS',
    'Hours after which a person has to sign in again.',
    { min: 1, max: 168 },
    { fallback: '12' },
  ),
  userHeader: setting.optionalText(
    'CONSOLE_USER_HEADER',
    'Header in which a reverse proxy says who the person is, such as `x-forwarded-user`. Taken from CONSOLE_PROXY_ADDRESSES alone.',
  ),
  groupsHeader: setting.optionalText(
    'CONSOLE_GROUPS_HEADER',
    'Header in which the proxy lists the groups of the person, comma-separated, such as `x-forwarded-groups`; empty: all may only read.',
  ),
  proxyAddresses: {
    env: 'CONSOLE_PROXY_ADDRESSES',
    fallback: '',
    meaning: 'Addresses from which CONSOLE_USER_HEADER and CONSOLE_GROUPS_HEADER are believed.',
    allowed: 'IP addresses or networks such as 10.1.0.0/16, comma-separated, or empty',
    schema: z
      .string()
      .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])))
      .pipe(z.array(z.string().refine(isNetwork))),
  } satisfies Setting<readonly string[]>,
  operateGroups: setting.listOrEmpty('CONSOLE_OPERATE_GROUPS', 'Groups whose members may act.', 'names of groups', {
    fallback: 'nova-operate',
  }),
  adminGroups: setting.listOrEmpty(
    'CONSOLE_ADMIN_GROUPS',
    'Groups whose members may also do what repeats effects or stops everything.',
    'names of groups',
    { fallback: 'nova-admin' },
  ),
  sampleSeconds: setting.integer(
    'CONSOLE_SAMPLE_SECONDS',
    'Seconds between two looks at the servers, for the overview and its charts.',
    { min: 1, max: 300 },
    { fallback: '5' },
  ),
} as const;

export type ConsoleConfig = ConfigOf<typeof consoleSettings>;

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  return family !== 0 && more.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most));
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

/** Whether the console can know who a person is. Where it cannot, everyone who reaches it may read. */
export const knowsPeople = ({ consoleKey, userHeader }: Pick<ConsoleConfig, 'consoleKey' | 'userHeader'>): boolean =>
  consoleKey !== '' || userHeader !== '';

/** Scheme, host and port by which people reach the console; the first is the one to show. */
export function originsOf({
  consoleUrl,
  consoleHost,
  consolePort,
}: ConfigOf<typeof inviteSettings>): readonly [string, ...string[]] {
  if (consoleUrl !== '') return [new URL(consoleUrl).origin];
  const host = consoleHost.includes(':') ? `[${consoleHost}]` : consoleHost;
  return [`http://${host}:${consolePort}`, `http://localhost:${consolePort}`];
}

/** @throws ConfigError for settings that together would leave a door open */
export function checkConsole(config: ConsoleConfig): void {
  const { consoleHost, consoleUrl, userHeader, proxyAddresses, groupsHeader } = config;
  const faults: string[] = [];
  if (userHeader !== '' && proxyAddresses.length === 0)
    faults.push(
      'CONSOLE_USER_HEADER needs CONSOLE_PROXY_ADDRESSES: from any other address the header could be written by the person',
    );
  if (userHeader === '' && (proxyAddresses.length > 0 || groupsHeader !== ''))
    faults.push('CONSOLE_PROXY_ADDRESSES and CONSOLE_GROUPS_HEADER mean nothing without CONSOLE_USER_HEADER');
  if (!isLoopback(consoleHost) && !knowsPeople(config))
    faults.push(
      `CONSOLE_HOST=${consoleHost} is open to other machines: set CONSOLE_KEY, or CONSOLE_USER_HEADER and CONSOLE_PROXY_ADDRESSES, so that the console knows who a person is`,
    );
  if (!isLoopback(consoleHost) && consoleUrl === '')
    faults.push(`CONSOLE_HOST=${consoleHost} needs CONSOLE_URL: forms are taken from its pages alone`);
  if (faults.length > 0) throw new ConfigError(faults);
}

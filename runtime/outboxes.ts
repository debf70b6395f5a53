import { z } from 'zod';
import { type Domain, domains } from '../contracts/events/define';
import { mainOutbox } from '../contracts/outbox-name';
import { type ConfigOf, type Setting, sharedSettings } from './config';
import { secretText } from './secret-files';

/** One outbox: a table in the database of the service that writes it. */
export interface OutboxSetting {
  /** In memos, search attributes, metrics and messages. Never changed while there are rows or runs: it is part of whose a run is. */
  readonly name: string;
  readonly url: string;
  readonly schema: string;
  /** Connections of one process to this database, at most, apart from the one that listens. The emit has one of its own. */
  readonly connections: number;
  /** Event domains that its service may write; left out: all. */
  readonly domains?: readonly Domain[] | undefined;
  /** Direct URL to listen on for nudges; left out: poll only. */
  readonly listenUrl?: string | undefined;
}

const defaultConnections = 4;
const postgresUrl = z.string().refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol), {
  message: 'must be a URL that begins with postgres:// or postgresql://',
});

const entry = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_-]{0,29}$/, {
      message: 'must be 1 to 30 lower-case letters, digits, - or _, beginning with a letter',
    }),
    url: postgresUrl.optional(),
    urlFile: z.string().min(1).optional(),
    schema: sharedSettings.database.databaseSchema.schema.default(sharedSettings.database.databaseSchema.fallback),
    connections: z.int().min(2).max(100).default(defaultConnections),
    domains: z.array(z.enum(domains)).min(1).optional(),
    listenUrl: postgresUrl.optional(),
  })
  .transform(({ url: given, urlFile, ...rest }, context): OutboxSetting => {
    const { text = '', fault } = secretText({ env: 'url' }, { url: given, url_FILE: urlFile });
    const problem =
      fault ?? (postgresUrl.safeParse(text).success ? undefined : 'must have a PostgreSQL url, or urlFile');
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem.replaceAll('url_FILE', 'urlFile') });
    return { ...rest, url: text };
  });

const list = z
  .array(entry)
  .min(1)
  .superRefine((entries, context) => {
    const names = entries.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) context.addIssue({ code: 'custom', message: `two outboxes have the name ${twice}` });
    // One table under two names: which of them is in the memo of a run would be chance.
    const places = entries.map(({ url, schema }) => `${schema} ${url}`);
    const [one, other] = entries.filter((_, i) => places.some((place, j) => i !== j && place === places[i]));
    if (one !== undefined && other !== undefined && twice === undefined)
      context.addIssue({
        code: 'custom',
        message: `${one.name} and ${other.name} are in the same schema of one database`,
      });
  });

/** JSON in a text: what is wrong is said with the place and without the values, which hold passwords. */
const schema = z.string().transform((text, context): readonly OutboxSetting[] => {
  if (text === '') return [];
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is no JSON' });
    return z.NEVER;
  }
  const result = list.safeParse(given);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues)
    context.addIssue({
      code: 'custom',
      message: [placeOf(given, path), message].filter((part) => part !== '').join(' '),
    });
  return z.NEVER;
});

/** `entry 2 ("identity"): domains.0` */
function placeOf(given: unknown, [index, ...field]: readonly PropertyKey[]): string {
  if (typeof index !== 'number') return '';
  const { name } = ((given as unknown[])[index] ?? {}) as { name?: unknown };
  const label = typeof name === 'string' && name.length <= 40 ? ` (${JSON.stringify(name)})` : '';
  return `entry ${index + 1}${label}: ${field.map(String).join('.')}`.trim();
}

export const outboxSettings = {
  outboxes: {
    env: 'OUTBOXES',
    fallback: '',
    secret: true,
    explains: true,
    meaning:
      'The outboxes, when services have databases of their own: a JSON list with one object for each, `{"name", "url" or "urlFile", "domains", "schema", "connections", "listenUrl"}`. Empty: one outbox, `main`, in the database of DATABASE_URL.',
    allowed: 'a JSON list of outboxes (docs/outboxes.md), or empty',
    schema,
  } as Setting<readonly OutboxSetting[]>,
} as const;

/** The settings that say where the outboxes are. */
export type OutboxConfig = ConfigOf<typeof outboxSettings> &
  Pick<ConfigOf<typeof sharedSettings.database>, 'databaseUrl' | 'databaseSchema'>;

/** The outboxes of a deployment: those listed, or `main` in the database of DATABASE_URL. */
export function outboxesOf({ outboxes, databaseUrl: url, databaseSchema }: OutboxConfig): readonly OutboxSetting[] {
  if (outboxes.length > 0) return outboxes;
  return [{ name: mainOutbox, url, schema: databaseSchema, connections: defaultConnections }];
}

/** Whether an outbox lives in the database of State: then one pool may serve both. */
export function isInState(outbox: OutboxSetting, { databaseUrl, databaseSchema }: OutboxConfig): boolean {
  return outbox.url === databaseUrl && outbox.schema === databaseSchema;
}

import { type ServiceName, serviceNames } from '../services';

/**
 * The business services' own tables, written in the same transactions as the outbox rows: the demo's truth, which no code
 * under test reads or writes. Each belongs to the service whose events say what is in it.
 */
const tables: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
  content: {
    posts: `post_id uuid PRIMARY KEY, author_id uuid NOT NULL, status text NOT NULL, caption text NOT NULL`,
  },
  identity: {
    people: `n integer PRIMARY KEY, user_id uuid NOT NULL UNIQUE,
      state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'hidden', 'deleted'))`,
  },
  social: {
    comments: `comment_id uuid PRIMARY KEY, post_id uuid NOT NULL, author_id uuid NOT NULL`,
    reactions: `target_id uuid NOT NULL, user_id uuid NOT NULL, emoji text NOT NULL, PRIMARY KEY (target_id, user_id, emoji)`,
    follows: `followee_id uuid NOT NULL, follower_id uuid NOT NULL, PRIMARY KEY (followee_id, follower_id)`,
    ended_follows: `followee_id uuid NOT NULL, follower_id uuid NOT NULL`,
  },
  messaging: {
    messages: `message_id uuid PRIMARY KEY, conversation_id uuid NOT NULL, sender_id uuid NOT NULL, deleted boolean NOT NULL DEFAULT false`,
  },
  media: {
    uploads: `upload_id uuid PRIMARY KEY, media_id uuid NOT NULL UNIQUE, user_id uuid NOT NULL`,
  },
};

/** The tables of these services, in a database that has none yet. */
export function businessSchema(services: readonly ServiceName[] = serviceNames): string {
  const made = services.flatMap((service) =>
    Object.entries(tables[service]).map(([name, columns]) => `CREATE TABLE business.${name} (${columns});`),
  );
  return ['CREATE SCHEMA business;', ...made].join('\n');
}

/** Whose table a statement is about. */
export function serviceOfStatement(sql: string): ServiceName {
  const table = /\bbusiness\.(\w+)/.exec(sql)?.[1] ?? 'follows';
  const found = serviceNames.find((service) => table in tables[service]);
  if (found === undefined) throw new Error(`no service has a table business.${table}`);
  return found;
}

/**
 * What a business service's login needs in addition to a publisher's rights: its own tables. Run after the last business table is made.
 */
export const businessRights = (login: string): string => `
  GRANT USAGE ON SCHEMA business TO "${login}";
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA business TO "${login}";
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA business TO "${login}";
`;

/** And that of a settings page: what people switched off. */
export const settingsRights = (login: string): string =>
  `GRANT SELECT, INSERT, UPDATE ON nova.notification_preferences TO "${login}";`;

/** And that of a graph service which writes `follows` itself (FOLLOWS_FROM_EVENTS=false). */
export const graphRights = (login: string): string => `GRANT SELECT, INSERT, DELETE ON nova.follows TO "${login}";`;

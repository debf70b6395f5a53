/**
 * The business services' own tables, written in the same transactions as the outbox rows: the demo's truth, which no code
 * under test reads or writes.
 */
export const businessSchema = `
  CREATE SCHEMA business;
  CREATE TABLE business.people (
    n integer PRIMARY KEY, user_id uuid NOT NULL UNIQUE,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'hidden', 'deleted')));
  CREATE TABLE business.posts (
    post_id uuid PRIMARY KEY, author_id uuid NOT NULL, status text NOT NULL, caption text NOT NULL);
  CREATE TABLE business.messages (
    message_id uuid PRIMARY KEY, conversation_id uuid NOT NULL, sender_id uuid NOT NULL, deleted boolean NOT NULL DEFAULT false);
  CREATE TABLE business.comments (comment_id uuid PRIMARY KEY, post_id uuid NOT NULL, author_id uuid NOT NULL);
  CREATE TABLE business.reactions (
    target_id uuid NOT NULL, user_id uuid NOT NULL, emoji text NOT NULL, PRIMARY KEY (target_id, user_id, emoji));
  CREATE TABLE business.follows (
    followee_id uuid NOT NULL, follower_id uuid NOT NULL, PRIMARY KEY (followee_id, follower_id));
  CREATE TABLE business.ended_follows (followee_id uuid NOT NULL, follower_id uuid NOT NULL);
  CREATE TABLE business.uploads (upload_id uuid PRIMARY KEY, media_id uuid NOT NULL UNIQUE, user_id uuid NOT NULL);
`;

/**
 * What the business services' login needs in addition to a publisher's rights: its own tables, and of ours what people switched off. Run
 * after the last business table is made.
 */
export const businessRights = (login: string): string => `
  GRANT USAGE ON SCHEMA business TO "${login}";
  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA business TO "${login}";
  GRANT USAGE ON ALL SEQUENCES IN SCHEMA business TO "${login}";
  GRANT SELECT, INSERT, UPDATE ON notification_preferences TO "${login}";
`;

/** And that of a graph service which writes `follows` itself (FOLLOWS_FROM_EVENTS=false). */
export const graphRights = (login: string): string => `GRANT SELECT, INSERT, DELETE ON nova.follows TO "${login}";`;

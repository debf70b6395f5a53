import { z } from 'zod';
import { type Setting, setting, sharedSettings } from '../runtime/config';
import { outboxSettings } from '../runtime/outboxes';

const rolePrefix: Setting<string> = {
  env: 'DATABASE_ROLE_PREFIX',
  fallback: 'nova',
  meaning:
    'First part of the roles’ names: `<prefix>_owner` and so on. Roles belong to the whole cluster: one prefix per deployment in it. An outbox with a name has `<prefix>_<name>_owner` and so on.',
  allowed: 'a name of lower-case letters, digits and underscores, at most 40, that does not begin with `pg_`',
  schema: z.string().regex(/^(?!pg_)[a-z_][a-z0-9_]{0,39}$/),
};

/** What `npm run migrate` reads from the environment. */
export const migrateSettings = {
  ...sharedSettings.database,
  ...outboxSettings,
  rolePrefix,
  roles: setting.oneOf(
    'DATABASE_ROLES',
    'Whether roles are made and given their rights. `off`: the migrating login owns everything and rights are yours to give.',
    ['on', 'off'],
    { fallback: 'on' },
  ),
  ...sharedSettings.temporal,
  // Part of what distinguishes this deployment from others.
  kafkaTopicPrefix: sharedSettings.kafka.kafkaTopicPrefix,
} as const;

/** PostgreSQL channel on which writers may say "there is something new". It carries no payload and may be lost. */
export const nudgeChannel = 'outbox_nudge';

/** The outbox of a deployment that names none, and of every run that was started before outboxes had names. */
export const mainOutbox = 'main';

/** Name of the outbox that holds the row of an event. */
export function outboxOf({ outbox = mainOutbox }: { readonly outbox?: string | undefined }): string {
  return outbox;
}

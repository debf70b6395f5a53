/** How a person is reached and named. */
export interface Contact {
  /** UUID: the address itself, for a provider that knows the user's devices by our id. */
  readonly userId: string;
  /** Personal data: never logged, never in workflow history. */
  readonly email: string | undefined;
  readonly displayName: string | undefined;
  /** False when the person is hidden or deleted. */
  readonly active: boolean;
}

/** Reads what identity events say of people. */
export interface UserDirectory {
  /** Undefined for a person no identity event spoke of. */
  contactOf(userId: string): Promise<Contact | undefined>;
}

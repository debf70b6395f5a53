/** What a person may do; each may do what the ones before it may. */
export const roles = ['read', 'operate', 'admin'] as const;
export type Role = (typeof roles)[number];

export interface Person {
  /** Null: not known, and a reader. */
  readonly name: string | null;
  readonly role: Role;
  /** What distinguishes this session from others of the same person; empty: a proxy says who it is. */
  readonly session: string;
}

export const mayDo = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);

/** @throws Error that says which there are */
export function roleFrom(text: string): Role {
  const found = roles.find((role) => role === text);
  if (found === undefined) throw new Error(`--role ${text} is none of ${roles.join(', ')}`);
  return found;
}

const longestName = 200;

/** Null: it cannot stand in a record of acts. */
export function nameFrom(text: string | undefined): string | null {
  const name = text?.trim() ?? '';
  return name === '' || name.length > longestName || /\p{Cc}/u.test(name) ? null : name;
}

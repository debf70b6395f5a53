import { randomUUID } from 'node:crypto';
import { nameFrom, type Role } from './roles';
import { opened, signed, type Token } from './tokens';

const validSeconds = 600;

/** A token with which this person signs in once. @throws Error for a name that cannot stand in the record of acts */
export async function invitationFor(
  key: string,
  { name: given, role }: { readonly name: string; readonly role: Role },
): Promise<string> {
  const name = nameFrom(given);
  if (name === null) throw new Error('a name has 1 to 200 characters, none of them a control character');
  const expires = Math.floor(Date.now() / 1_000) + validSeconds;
  return signed(key, 'invitation', { name, role, id: randomUUID(), expires });
}

/** Which invitations were used, until they are past their time anyway. Of one process: a link works once in each. */
export class Invitations {
  private readonly used = new Map<string, number>();

  constructor(private readonly key: string) {}

  /** Whom it is for, without using it. Null: it is not valid, or was used. */
  async look(text: string): Promise<Token | null> {
    const token = await opened(this.key, 'invitation', text);
    return token === null || this.used.has(token.id) ? null : token;
  }

  /** The same, once. */
  async use(text: string): Promise<Token | null> {
    const token = await this.look(text);
    const now = Date.now() / 1_000;
    for (const [id, expires] of this.used) if (expires < now) this.used.delete(id);
    // Asked again, with nothing awaited since: two requests at one time are one use.
    if (token === null || this.used.has(token.id)) return null;
    this.used.set(token.id, token.expires);
    return token;
  }
}

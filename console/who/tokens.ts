import { sign, verify } from 'hono/jwt';
import { z } from 'zod';
import { type Role, roles } from './roles';

/** What a signed text is good for: one of another kind is refused. */
export type TokenKind = 'invitation' | 'session';

export interface Token {
  readonly name: string;
  readonly role: Role;
  /** Random; of an invitation, what makes it usable once. */
  readonly id: string;
  /** Epoch seconds. */
  readonly expires: number;
}

const claims = z.object({ sub: z.string().min(1), role: z.enum(roles), jti: z.string().min(16), exp: z.number() });

/** Signs with HMAC-SHA256. What it says can be read by the one who holds it. */
export const signed = (key: string, kind: TokenKind, { name, role, id, expires }: Token): Promise<string> =>
  sign({ sub: name, role, jti: id, exp: expires, aud: kind }, key, 'HS256');

/** Null: not signed with this key, for another purpose, or past its time. */
export async function opened(key: string, kind: TokenKind, text: string): Promise<Token | null> {
  try {
    const { sub, role, jti, exp } = claims.parse(await verify(text, key, { alg: 'HS256', aud: kind }));
    return { name: sub, role, id: jti, expires: exp };
  } catch {
    // Whatever is wrong with it, it opens nothing; and the one who sends it learns no more.
    return null;
  }
}

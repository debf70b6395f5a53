import { randomUUID } from 'node:crypto';
import { type Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { type ConsoleConfig, originsOf } from '../settings';
import { type Person } from './roles';
import { opened, signed } from './tokens';

/**
 * The signed cookie of a person. Lax and not Strict: a link from Temporal’s Web UI must find the person signed in. It is sent with no
 * form of another site, and no page changes anything.
 */
export class Sessions {
  private readonly secure: boolean;

  constructor(private readonly config: ConsoleConfig) {
    this.secure = originsOf(config)[0].startsWith('https:');
  }

  /** A browser takes a cookie of this name from its own host and path alone; without TLS it takes no such name. */
  private get cookie(): string {
    return this.secure ? '__Host-nova-console' : 'nova-console';
  }

  async begin(c: Context, { name, role }: Pick<Person, 'role'> & { readonly name: string }): Promise<void> {
    const seconds = this.config.sessionHours * 3_600;
    const expires = Math.floor(Date.now() / 1_000) + seconds;
    const text = await signed(this.config.consoleKey, 'session', { name, role, id: randomUUID(), expires });
    setCookie(c, this.cookie, text, {
      ...{ httpOnly: true, sameSite: 'Lax', secure: this.secure, path: '/', maxAge: seconds },
    });
  }

  end(c: Context): void {
    deleteCookie(c, this.cookie, { path: '/', secure: this.secure });
  }

  async of(c: Context): Promise<Person | null> {
    const text = getCookie(c, this.cookie);
    if (text === undefined || this.config.consoleKey === '') return null;
    const token = await opened(this.config.consoleKey, 'session', text);
    return token === null ? null : { name: token.name, role: token.role, session: token.id };
  }
}

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Person } from './roles';

/**
 * The token of each form: it belongs to a person and a session, so that a page of another site, which cannot read ours, has none. Where there
 * is no key for several consoles, it lives as long as the process.
 */
export class FormTokens {
  private readonly key: Buffer;

  constructor(consoleKey: string) {
    this.key = consoleKey === '' ? randomBytes(32) : createHmac('sha256', consoleKey).update('forms').digest();
  }

  of({ name, session }: Person): string {
    return createHmac('sha256', this.key)
      .update(JSON.stringify([name, session]))
      .digest('base64url');
  }

  isOf(person: Person, given: unknown): boolean {
    const [wanted, got] = [Buffer.from(this.of(person)), Buffer.from(typeof given === 'string' ? given : '')];
    return wanted.length === got.length && timingSafeEqual(wanted, got);
  }
}

import { type Context, type Hono } from 'hono';
import { html } from 'hono/html';
import { type Connections } from '../ops/connections';
import { type Desk } from './desk';
import { faultText } from './html/asked';
import { type Html, type PageParts, type Reader, fullPage, plainPage, textPage } from './html/page';
import { bad, good } from './html/words';
import { type Role, mayDo } from './who/roles';

/** A request of a person who may make it. */
export interface Asked extends Reader {
  readonly c: Context;
  readonly mayAct: boolean;
  readonly isAdmin: boolean;
  /** The connections, as this person. */
  readonly connections: Connections;
}

/** A field of a form; empty: it was not sent. */
export type Form = (name: string) => string;

/** What came of an act. */
export interface Outcome {
  readonly title: string;
  readonly done: boolean;
  readonly says: readonly (Html | string)[];
  /** Shown below it. */
  readonly more?: Html;
  readonly back: string;
}

async function asked(c: Context, desk: Desk): Promise<Asked | null> {
  const person = await desk.who(c);
  if (person === null) return null;
  const connections = desk.connections();
  return {
    ...{ c, person, token: desk.forms.of(person), path: c.req.path },
    ...{ mayAct: mayDo(person.role, 'operate'), isAdmin: mayDo(person.role, 'admin') },
    connections: person.name === null ? connections : { ...connections, actor: person.name },
  };
}

const signInFirst = (c: Context) =>
  plainPage(c, {
    title: 'Sign in',
    status: 401,
    body: html`<p>
      The console does not know who you are. Ask the person who runs it for a link (<code
        >npm run console -- invite</code
      >), or open it through its proxy.
    </p>`,
  });

/** A page: it changes nothing. */
export function look(app: Hono, desk: Desk, path: string, make: (of: Asked) => Promise<PageParts>): void {
  app.get(path, async (c) => {
    const of = await asked(c, desk);
    return of === null ? signInFirst(c) : fullPage(c, of, await make(of));
  });
}

/**
 * An act. It is refused unless a page of ours sent it, with the token of this person, and the person has the role: what is registered here
 * cannot leave one of these out.
 */
export function act(
  app: Hono,
  desk: Desk,
  on: { readonly path: string; readonly role: Role },
  work: (of: Asked, form: Form) => Promise<Outcome>,
): void {
  app.post(on.path, async (c) => {
    if (!desk.isOurs(c)) return textPage(c, 403, 'Refused', 'This form does not come from a page of the console.');
    const of = await asked(c, desk);
    if (of === null) return signInFirst(c);
    const body = await c.req.parseBody();
    if (!desk.forms.isOf(of.person, body['token']))
      return textPage(c, 403, 'Refused', 'The token of this form is missing or wrong: load its page again.');
    if (of.person.name === null || !mayDo(of.person.role, on.role))
      return textPage(c, 403, 'Refused', `This takes the role ${on.role}.`);
    const form: Form = (name) => (typeof body[name] === 'string' ? body[name].trim() : '');
    desk.logger.info({ person: of.person.name, path: c.req.path }, 'a person acts');
    const outcome = await work(of, form).catch((thrown: unknown): Outcome => failed(faultText(thrown, desk.config)));
    return fullPage(c, of, outcomePage(outcome));
  });
}

const failed = (text: string): Outcome => ({ title: 'Nothing was done', done: false, says: [text], back: '/' });

const outcomePage = ({ title, done, says, more, back }: Outcome): PageParts => ({
  title,
  status: done ? 200 : 409,
  body: html`<div role="status">
      ${says.map((line) => html`<p>${typeof line !== 'string' ? line : done ? good(line) : bad(line)}</p>`)}
    </div>
    ${more ?? ''}
    <p><a href="${back}">Back</a></p>`,
});

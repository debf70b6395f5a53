import { type Hono } from 'hono';
import { html } from 'hono/html';
import { type Desk } from './desk';
import { plainPage, textPage } from './html/page';
import { Invitations } from './who/invitation';

const notValid = 'This link was used, is older than ten minutes, or is not of this console. Ask for another one.';

/** `/sign-in` by the link of an invitation, and `/sign-out`. */
export function addSignIn(app: Hono, { config, logger, sessions, forms, who, isOurs }: Desk): void {
  const invitations = config.consoleKey === '' ? null : new Invitations(config.consoleKey);
  // To look at a link does not use it: mail programs and chats open links to show what is behind them.
  app.get('/sign-in', async (c) => {
    const text = c.req.query('token') ?? '';
    const invited = await invitations?.look(text);
    if (invited == null) return textPage(c, 403, 'Sign in', notValid);
    return plainPage(c, {
      title: 'Sign in',
      body: html`<p>
          This link is for <strong>${invited.name}</strong>, with the role ${invited.role}. What you do is kept under
          this name.
        </p>
        <form method="post" action="/sign-in" class="act">
          <input type="hidden" name="invitation" value="${text}" />
          <button>Sign in as ${invited.name}</button>
        </form>`,
    });
  });
  app.post('/sign-in', async (c) => {
    if (!isOurs(c)) return textPage(c, 403, 'Refused', 'This form does not come from a page of the console.');
    const { invitation } = await c.req.parseBody();
    const invited = await invitations?.use(typeof invitation === 'string' ? invitation : '');
    if (invited == null) return textPage(c, 403, 'Sign in', notValid);
    await sessions.begin(c, invited);
    logger.info({ person: invited.name, role: invited.role }, 'a person signed in');
    return c.redirect('/', 303);
  });
  app.post('/sign-out', async (c) => {
    const person = await who(c);
    const { token } = await c.req.parseBody();
    if (!isOurs(c) || person === null || !forms.isOf(person, token))
      return textPage(c, 403, 'Refused', 'This form does not come from a page of the console.');
    sessions.end(c);
    return textPage(c, 200, 'Signed out', 'You are signed out.');
  });
}

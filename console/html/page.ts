import { type Context } from 'hono';
import { html } from 'hono/html';
import { type ContentfulStatusCode } from 'hono/utils/http-status';
import { type Person, mayDo } from '../who/roles';

/** Made by `html` alone, which escapes every value that is not itself made by it. */
export type Html = ReturnType<typeof html>;

export interface PageParts {
  readonly title: string;
  readonly body: Html;
  readonly status?: ContentfulStatusCode;
  /** Whether its regions are fetched again by themselves (`assets/live.mjs`). */
  readonly live?: boolean;
}

/** Who looks; `token`: of their forms. */
export interface Reader {
  readonly person: Person;
  readonly token: string;
  readonly path: string;
}

const pages = [
  ['/', 'Overview'],
  ['/dead-letters', 'Dead letters'],
  ['/stuck', 'Stuck'],
  ['/search', 'Search'],
  ['/replays', 'Replay plans'],
  ['/pauses', 'Pauses'],
  ['/acts', 'Acts'],
] as const;

/** A whole page for a person that is known, or that may read without being known. */
export function fullPage(c: Context, reader: Reader, { title, body, status = 200, live = false }: PageParts) {
  return c.html(shell(title, header(reader), body, live), status);
}

/** A page for a person that is not known: no menu. */
export const plainPage = (c: Context, { title, body, status = 200 }: PageParts) =>
  c.html(shell(title, html`<p class="product">Nova console</p>`, body, false), status);

/** One sentence. */
export const textPage = (c: Context, status: ContentfulStatusCode, title: string, text: string) =>
  plainPage(c, {
    title,
    status,
    body: html`<p>${text}</p>
      <p><a href="/">Overview</a></p>`,
  });

function header({ person, token, path }: Reader): Html {
  const isHere = (page: string) => (page === '/' ? path === '/' : path === page || path.startsWith(`${page}/`));
  return html`<p class="product">Nova console</p>
    <nav aria-label="Pages">
      <ul>
        ${pages.map(
          ([to, name]) => html`<li><a href="${to}" ${isHere(to) ? html`aria-current="page"` : ''}>${name}</a></li>`,
        )}
      </ul>
    </nav>
    <div class="person">
      <p>${personText(person)}</p>
      ${
        person.session === ''
          ? ''
          : html`<form method="post" action="/sign-out">
              <input type="hidden" name="token" value="${token}" /><button>Sign out</button>
            </form>`
      }
    </div>`;
}

function personText({ name, role }: Person): string {
  if (name === null) return 'Not signed in: you may read';
  return `${name}, ${mayDo(role, 'operate') ? `may act (${role})` : 'may read'}`;
}

const shell = (title: string, head: Html, body: Html, live: boolean): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Nova console</title>
        <link rel="stylesheet" href="/console.css" />
        ${live ? html`<script type="module" src="/live.mjs"></script>` : ''}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>${head}</header>
        <main id="main" tabindex="-1">
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;

import { type Hono } from 'hono';
import { html } from 'hono/html';
import { type Check, type Why } from '../../ops/why/why';
import { type FoundWhy, whyId } from '../../ops/why/why-id';
import { whyEventFor } from '../../ops/why/why-notified';
import { whyPost } from '../../ops/why/why-post';
import { isUuid } from '../../runtime/uuid';
import { type Connections } from '../../ops/connections';
import { type Desk } from '../desk';
import { asked, awayNote } from '../html/asked';
import { textField } from '../html/form';
import { type Html } from '../html/page';
import { bad, good, linked, runsAboutLink, runsLink } from '../html/words';
import { look } from '../routes';

interface Question {
  readonly id: string;
  readonly user: string;
  readonly post: string;
  readonly event: string;
}

/** The story of any id, and whether a person sees a post or was notified, as `nova why`. */
export function addSearch(app: Hono, desk: Desk): void {
  const { config } = desk;
  look(app, desk, '/search', async ({ c, connections }) => {
    const of = (name: string) => (c.req.query(name) ?? '').trim().toLowerCase();
    const question = { id: of('id'), user: of('user'), post: of('post'), event: of('event') };
    const isAsked = Object.values(question).some((text) => text !== '');
    const story = isAsked
      ? await asked(config, 'This', {
          work: () => foundOf(connections, question),
          show: ({ why, away }) =>
            html`${awayNote(config, away)}${storyOf(why)}
              <p class="links">${linksOf(desk, question)}</p>`,
        })
      : '';
    return { title: 'Search', body: html`${forms(question)}${story}` };
  });
}

/** @throws Error for what is no question */
function foundOf(connections: Connections, { id, user, post, event }: Question): Promise<FoundWhy> {
  if (id !== '') return whyId(connections, id);
  const wrong = [user, post, event].filter((text) => text !== '' && !isUuid(text));
  if (wrong.length > 0) throw new Error(`not a UUID: ${wrong.join(', ')}`);
  if (user === '' || (post === '') === (event === '')) throw new Error('it needs a person, and a post or an event');
  return post === '' ? whyEventFor(connections, user, event) : whyPost(connections, user, post);
}

const forms = ({ id, user, post, event }: Question): Html =>
  html`<form method="get" action="/search" class="ask" role="search" aria-label="The story of an id">
      ${textField({ id: 'id', name: 'id', label: 'Any id: event, delivery, post, message, person, conversation', value: id })}
      <button>Search</button>
    </form>
    <form method="get" action="/search" class="ask" aria-labelledby="question">
      <h2 id="question">Does a person see it?</h2>
      ${textField({ id: 'user', name: 'user', label: 'Person', value: user })}
      ${textField({ id: 'post', name: 'post', label: 'Post: is it in their feed?', value: post })}
      ${textField({ id: 'event', name: 'event', label: 'Or event: were they notified of it?', value: event })}
      <button>Ask</button>
    </form>`;

const storyOf = ({ yes, verdict, checks }: Why): Html =>
  html`<section aria-labelledby="verdict" class="story">
    <h2 id="verdict">${yes === null ? '' : `${yes ? 'Yes' : 'No'}: `}${linked(verdict)}</h2>
    <ol>
      ${checks.map(
        (check) =>
          html`<li>
            <span class="check">${check.check}</span> ${saysOf(check)}
            ${check.cure === null ? '' : html`<p class="cure">What to do: ${linked(check.cure)}</p>`}
          </li>`,
      )}
    </ol>
  </section>`;

/** Sign and word say it; what decides nothing has neither. */
function saysOf({ ok, says }: Check): Html {
  if (ok === null) return linked(says);
  return html`${ok ? good('well:') : bad('not well:')} ${linked(says)}`;
}

function linksOf({ config }: Desk, { id, event }: Question): Html {
  const of = id === '' ? event : id.split('/')[0]!;
  if (!isUuid(of)) return html``;
  return html`${runsLink(config, of) ?? ''} ${runsAboutLink(config, of) ?? ''}
    <a href="/acts?of=${of}">What people did with it</a>
    <a href="/dead-letters/${of}">Its dead letter, if it is one</a>`;
}

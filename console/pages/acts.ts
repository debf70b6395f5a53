import { type Hono } from 'hono';
import { html } from 'hono/html';
import { type ActOfPerson, listActs } from '../../ops/acts/list-acts';
import { type Desk } from '../desk';
import { asked, awayNote } from '../html/asked';
import { textField } from '../html/form';
import { type Html } from '../html/page';
import { table } from '../html/table';
import { linked, time } from '../html/words';
import { look } from '../routes';

const mostActs = 100;
const weekMs = 7 * 86_400_000;
const idsShown = 3;

/** What people have done with the tools and with the console. */
export function addActs(app: Hono, desk: Desk): void {
  const { config } = desk;
  look(app, desk, '/acts', async ({ c, connections }) => {
    const id = (c.req.query('of') ?? '').trim().toLowerCase();
    const wanted = id === '' ? { sinceMs: weekMs, limit: mostActs } : { id, limit: mostActs };
    return {
      title: 'Acts',
      body: html`<form method="get" action="/acts" class="ask">
          ${textField({ id: 'of', name: 'of', label: 'Of this id alone', value: id })}
          <button>Show</button>
        </form>
        ${await asked(config, 'The acts', {
          work: () => listActs(connections, wanted),
          show: ({ acts, away }) =>
            html`${awayNote(config, away)}${actsTable(acts, id === '' ? 'Acts of the last seven days' : `Acts of ${id}`)}`,
        })}`,
    };
  });
}

export const actsTable = (acts: readonly ActOfPerson[], caption: string): Html =>
  table({
    caption,
    head: ['at', 'who', 'command', 'done', 'why', 'what'],
    rows: acts.map((act) => [
      ...[time(act.at), `${act.actor} (${act.login}, ${act.host})`, act.command],
      ...[act.done === null ? 'end not known' : act.done, act.reason ?? '–', whatOf(act)],
    ]),
    empty: 'No acts.',
  });

function whatOf({ ids, details }: ActOfPerson): Html {
  const more = ids.length > idsShown ? ` and ${ids.length - idsShown} more` : '';
  const rest = Object.keys(details).length === 0 ? '' : ` ${JSON.stringify(details)}`;
  return linked(`${ids.slice(0, idsShown).join(', ')}${more}${rest}`);
}

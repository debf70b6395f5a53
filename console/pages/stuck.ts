import { type Hono } from 'hono';
import { html } from 'hono/html';
import { stuck } from '../../ops/stuck/stuck';
import { type Desk } from '../desk';
import { asked } from '../html/asked';
import { table } from '../html/table';
import { idLink, linked, time } from '../html/words';
import { look } from '../routes';

/** Everything that waits longer than it should, as `nova stuck`. */
export function addStuck(app: Hono, desk: Desk): void {
  const { config, sampler } = desk;
  look(app, desk, '/stuck', async ({ connections }) => ({
    title: 'Stuck',
    live: true,
    body: html`<p>What waits longer than it should, each with its cause and the command with which it goes on.</p>
      <div data-live="stuck">
        ${await asked(config, 'What is stuck', {
          work: async () => {
            const { status, failed } = await sampler.last;
            if (status === null) throw failed;
            return stuck(connections, status);
          },
          show: (lines) =>
            table({
              caption: 'Stuck',
              head: ['what', 'id', 'since', 'cause', 'what to do'],
              rows: lines.map(({ what, id, outbox, count, since, cause, command }) => [
                `${count > 1 ? `${count} × ` : ''}${what}${outbox === null ? '' : ` in ${outbox}`}`,
                ...[id === null ? '–' : idLink(id), time(since), linked(cause), linked(command)],
              ]),
              empty: 'Nothing waits longer than it should.',
            }),
        })}
      </div>`,
  }));
}

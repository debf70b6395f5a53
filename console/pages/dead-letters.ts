import { type Hono } from 'hono';
import { html } from 'hono/html';
import { groupsOf } from '../../ops/dead-letters/dead-letter-groups';
import { deadLettersOf } from '../../ops/dead-letters/dead-letters';
import { codeFrom } from '../../ops/terminal/option-values';
import { type Desk } from '../desk';
import { asked, awayNote } from '../html/asked';
import { textField } from '../html/form';
import { type Html } from '../html/page';
import { table } from '../html/table';
import { linked, time } from '../html/words';
import { look } from '../routes';

const most = 50;

/** The page of one. */
const letterLink = (id: string): Html => html`<a class="id" href="/dead-letters/${id}">${id}</a>`;

/** Rows that were given up: what failed alike, and the newest one by one. */
export function addDeadLetters(app: Hono, desk: Desk): void {
  const { config } = desk;
  look(app, desk, '/dead-letters', async ({ c, connections }) => {
    const code = (c.req.query('code') ?? '').trim().toUpperCase();
    const filter = () => ({ limit: most, ...(code === '' ? {} : { code: codeFrom(code) }) });
    const groups = asked(config, 'The groups', {
      work: async () => groupsOf(connections.outboxes, filter()),
      show: ({ groups: found, away }) =>
        html`${awayNote(config, away)}${table({
          caption: 'What failed alike',
          head: ['code', 'outbox', 'event type', 'reason', 'how many', 'first', 'last', 'for example'],
          rows: found.map((one) => [
            html`<a href="/dead-letters?code=${encodeURIComponent(one.code)}">${one.code}</a>`,
            ...[one.outbox, one.eventType, one.reason, one.count, time(one.first), time(one.last)],
            letterLink(one.example),
          ]),
          empty: 'No dead letters.',
        })}`,
    });
    const list = asked(config, 'The dead letters', {
      work: async () => deadLettersOf(connections.outboxes, filter()),
      show: ({ letters, away }) =>
        html`${awayNote(config, away)}${table({
          caption: `The newest, at most ${most}`,
          head: ['event', 'outbox', 'event type', 'aggregate', 'given up', 'why'],
          rows: letters.map((one) => [
            ...[letterLink(one.id), one.outbox, one.eventType, linked(one.aggregateId), time(one.deadLetteredAt)],
            linked(one.lastError),
          ]),
          empty: 'No dead letters.',
        })}`,
    });
    const [groupsPart, listPart] = await Promise.all([groups, list]);
    return {
      title: 'Dead letters',
      body: html`<form method="get" action="/dead-letters" class="ask">
          ${textField({ id: 'code', name: 'code', label: 'Failure code', value: code })}
          <button>Show</button>
        </form>
        <h2>Groups</h2>
        ${groupsPart}
        <h2>One by one</h2>
        ${listPart}`,
    };
  });
}

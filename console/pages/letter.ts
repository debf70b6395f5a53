import { type Hono } from 'hono';
import { html } from 'hono/html';
import { actOf } from '../../ops/acts/acts';
import { listActs } from '../../ops/acts/list-acts';
import { type Letter, discard, lettersOfIds, readPayload } from '../../ops/dead-letters/desk';
import { holdOf, holdText } from '../../ops/dead-letters/held-aggregates';
import { requeueAnywhere } from '../../ops/dead-letters/requeue-anywhere';
import { type Connections } from '../../ops/connections';
import { isUuid } from '../../runtime/uuid';
import { type Desk } from '../desk';
import { asked, awayNote } from '../html/asked';
import { actForm, checkField, reasonField } from '../html/form';
import { type Html } from '../html/page';
import { bad, idLink, linked, runsLink, time } from '../html/words';
import { type Asked, type Form, type Outcome, act, look } from '../routes';
import { actsTable } from './acts';

const path = '/dead-letters/:id';

/** One dead letter: what is known of it, what people did with it, and what a person may do. */
export function addLetter(app: Hono, desk: Desk): void {
  const { config } = desk;
  look(app, desk, path, async (of) => {
    const id = idOf(of);
    const letter = asked(config, 'This dead letter', {
      work: () => seen(of.connections, id),
      show: ({ letters, refused, away }) =>
        html`${awayNote(config, away)} ${refused.map(({ why }) => html`<p>${bad(`It is not shown: ${why}`)}</p>`)}
        ${letters.map((one) => facts(desk, one))}${letters.length > 0 && of.mayAct ? forms(of, id) : ''}`,
    });
    const acts = asked(config, 'What people did with it', {
      work: () => listActs(of.connections, { id, limit: 20 }),
      show: (found) => actsTable(found.acts, 'What people did with it'),
    });
    const [letterPart, actsPart] = await Promise.all([letter, acts]);
    return { title: `Dead letter ${id}`, body: html`${letterPart}${actsPart}` };
  });
  act(app, desk, { path: `${path}/payload`, role: 'operate' }, payload);
  act(app, desk, { path: `${path}/requeue`, role: 'operate' }, requeue);
  act(app, desk, { path: `${path}/discard`, role: 'operate' }, discardOne);
}

/** @throws Error for a text that is no id */
function idOf({ c }: Asked): string {
  const id = (c.req.param('id') ?? '').toLowerCase();
  if (!isUuid(id)) throw new Error(`${id} is not a UUID`);
  return id;
}

const back = (id: string) => `/dead-letters/${id}`;

interface Seen extends Letter {
  readonly holds: string | null;
}

async function seen(connections: Connections, id: string) {
  const { letters, refused, away } = await lettersOfIds(connections.outboxes, [id]);
  const shown: Seen[] = [];
  for (const letter of letters) {
    const hold = await holdOf(connections.outboxes.of(letter), letter.id);
    shown.push({ ...letter, holds: hold?.isItself === true ? holdText(hold) : null });
  }
  return { letters: shown, refused, away };
}

function facts({ config }: Desk, letter: Seen): Html {
  const lines: readonly (readonly [string, Html | string | number])[] = [
    ['Why it was given up', linked(letter.lastError ?? '–')],
    ['Outbox', letter.outbox],
    ['Event type', `${letter.eventType}, version ${letter.schemaVersion}`],
    ['Aggregate', linked(`${letter.aggregateType} ${letter.aggregateId}, sequence ${letter.sequence}`)],
    ['Written', time(letter.createdAt)],
    ['First tried', time(letter.firstAttemptAt)],
    ['Given up', time(letter.deadLetteredAt)],
    ['Claims', `${letter.claimCount}, of which not finished ${letter.unfinishedClaims}`],
    ['Started', letter.started ? 'yes: what its run did stays' : 'no'],
    ['Holds back', letter.holds === null ? 'nothing' : linked(letter.holds)],
    ['Its story', idLink(letter.id)],
    ['Temporal', runsLink(config, letter.id) ?? 'no Web UI is known (TEMPORAL_UI_URL)'],
  ];
  return html`<dl class="facts">
    ${lines.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

const forms = ({ token, isAdmin }: Asked, id: string): Html =>
  html`<h2>What you can do</h2>
    <div class="forms">
      ${actForm({
        ...{ action: `${back(id)}/requeue`, token, legend: 'Make it pending again', button: 'Requeue' },
        fields: html`${reasonField('requeue-reason', false)}
        ${isAdmin ? checkField('never-ran', 'neverRan', 'I have checked that Temporal never ran it') : ''}`,
      })}
      ${actForm({
        ...{ action: `${back(id)}/payload`, token, legend: 'Read its payload', button: 'Show the payload' },
        fields: html`<p>It may be content of people. It is written down that you read it.</p>
          ${reasonField('payload-reason')}`,
      })}
      ${actForm({
        ...{ action: `${back(id)}/discard`, token, legend: 'Take it out for good', button: 'Discard' },
        fields: html`<p>Its row is deleted, and what waits for it goes on without it.</p>
          ${reasonField('discard-reason')}${checkField('sure', 'sure', 'Yes, delete it', true)}`,
      })}
    </div>`;

async function requeue(of: Asked, form: Form): Promise<Outcome> {
  const id = idOf(of);
  // Who vouches for what Temporal has forgotten may cause effects twice.
  const neverRan = of.isAdmin && form('neverRan') === 'yes';
  const reason = form('reason');
  const { done, away } = await requeueAnywhere(of.connections, [id], {
    neverRan,
    ...(reason === '' ? {} : { reason }),
  });
  const isDone = done.requeued.includes(id);
  return {
    title: isDone ? 'Requeued' : 'Nothing was done',
    done: isDone,
    says: [
      ...(isDone ? [`${id} is pending again.`] : []),
      ...done.refused.map(({ why }) => why),
      ...done.notDeadLettered.map((one) => `${one} is not a dead letter.`),
      ...away.map(({ outbox, why }) => `The outbox ${outbox} could not be asked: ${why}`),
    ],
    more: html`<p>${idLink(id)}: what becomes of it.</p>`,
    back: '/dead-letters',
  };
}

/** @throws Error without a reason, or when it is no dead letter any more */
async function theLetter(of: Asked, form: Form): Promise<{ readonly letter: Letter; readonly reason: string }> {
  const [id, reason] = [idOf(of), form('reason')];
  if (reason === '') throw new Error('a reason is needed: it is kept with what you do');
  const { letters, refused } = await lettersOfIds(of.connections.outboxes, [id]);
  const [letter] = letters;
  if (letter === undefined) throw new Error(refused[0]?.why ?? 'it is not a dead letter');
  return { letter, reason };
}

async function payload(of: Asked, form: Form): Promise<Outcome> {
  const { letter, reason } = await theLetter(of, form);
  const { actor, outboxes } = of.connections;
  const read = actOf({ actor, command: 'dead-letters read', reason, planned: 1 });
  const content = await readPayload(outboxes.of(letter), letter, read);
  return {
    ...{ title: `Payload of ${letter.id}`, done: true, says: ['It is written down that you read it.'] },
    more: html`<pre tabindex="0" role="region" aria-label="Payload">${JSON.stringify(content, null, 2)}</pre>`,
    back: back(letter.id),
  };
}

async function discardOne(of: Asked, form: Form): Promise<Outcome> {
  const { letter, reason } = await theLetter(of, form);
  if (form('sure') !== 'yes') throw new Error('say that it is to be deleted');
  const { actor, outboxes } = of.connections;
  const discarding = actOf({ actor, command: 'dead-letters discard', reason, planned: 1 });
  const gone = await discard(outboxes.of(letter), [letter], discarding);
  const done = gone.length > 0;
  return {
    title: done ? 'Discarded' : 'Nothing was done',
    done,
    says: [done ? `${letter.id} is discarded. The acts keep what it was.` : 'It is not a dead letter any more.'],
    back: '/dead-letters',
  };
}

import { type Hono } from 'hono';
import { html } from 'hono/html';
import { durationMs } from '../../ops/audit/audit';
import { actOf } from '../../ops/acts/acts';
import { pauseTarget } from '../../ops/pauses/pause-target';
import {
  type PauseInForce,
  allPausedIn,
  allPausedText,
  longestPauseMs,
  pause,
  pausesInForce,
  resume,
} from '../../ops/pauses/pauses';
import { everyType } from '../../outbox/pauses.sql';
import { type Desk } from '../desk';
import { asked, awayNote } from '../html/asked';
import { actForm, reasonField, textField } from '../html/form';
import { type Html } from '../html/page';
import { table } from '../html/table';
import { time } from '../html/words';
import { type Asked, type Form, type Outcome, act, look } from '../routes';

/** What people hold back now. */
export function addPauses(app: Hono, desk: Desk): void {
  const { config } = desk;
  look(app, desk, '/pauses', async (of) => ({
    title: 'Pauses',
    body: html`<p>What people hold back. Each pause ends by itself.</p>
      ${await asked(config, 'The pauses', {
        work: () => pausesInForce(of.connections),
        show: ({ pauses, away }) => html`${awayNote(config, away)}${pausesTable(pauses)}`,
      })}
      ${of.mayAct ? forms(of) : ''}`,
  }));
  act(app, desk, { path: '/pauses/pause', role: 'operate' }, pauseOne);
  act(app, desk, { path: '/pauses/resume', role: 'operate' }, resumeOne);
}

const pausesTable = (pauses: readonly PauseInForce[]): Html =>
  table({
    caption: 'Paused by hand',
    head: ['what', 'where', 'by', 'since', 'until', 'why'],
    rows: pauses.map(({ name, place, pausedBy, pausedAt, endsAt, reason }) => [
      ...[name === everyType ? 'all' : name, place, pausedBy, time(pausedAt), time(endsAt), reason],
    ]),
    empty: 'Nothing is paused by hand.',
  });

const forms = ({ token, isAdmin }: Asked): Html =>
  html`<h2>What you can do</h2>
    <div class="forms">
      ${actForm({
        ...{ action: '/pauses/pause', token, legend: 'Hold something back', button: 'Pause' },
        fields: html`${textField({
          ...{ id: 'pause-what', name: 'what', required: true },
          label: `Event type, queue:<name>, channel:<name>${isAdmin ? ' or all' : ''}`,
        })}
        ${textField({ id: 'until', name: 'until', label: 'For how long: 30m, 2h, at most 7d', value: '1h' })}
        ${reasonField('pause-reason')}`,
      })}
      ${actForm({
        ...{ action: '/pauses/resume', token, legend: 'Let something go on', button: 'Resume' },
        fields: html`${textField({ id: 'resume-what', name: 'what', label: 'What', required: true })}
        ${reasonField('resume-reason', false)}`,
      })}
    </div>`;

async function pauseOne({ connections, isAdmin }: Asked, form: Form): Promise<Outcome> {
  const [what, until, reason] = [form('what'), form('until'), form('reason')];
  if (reason === '') throw new Error('a reason is needed: it is shown wherever something waits for the pause');
  if (what === 'all' && !isAdmin) throw new Error('to pause everything takes the role admin');
  const forMs = durationMs(until);
  if (forMs > longestPauseMs) throw new Error(`${until} is longer than seven days`);
  const act = actOf({ actor: connections.actor, command: 'pause', reason, planned: 1, details: { what, until } });
  const { places, away } = await pause(connections, pauseTarget(what), { forMs, act });
  return outcome(`${what} is paused`, places, away);
}

async function resumeOne({ connections }: Asked, form: Form): Promise<Outcome> {
  const [what, reason] = [form('what'), form('reason')];
  const act = actOf({ actor: connections.actor, command: 'resume', reason, planned: 1, details: { what } });
  const target = pauseTarget(what);
  const { places, away } = await resume(connections, target, act);
  const stays = await allPausedIn(connections, target);
  const more = stays.length === 0 ? [] : [`What goes on waits all the same: ${allPausedText(stays, connections)}`];
  return outcome(places.length === 0 ? `${what} is not paused by hand` : `${what} goes on`, places, away, more);
}

const outcome = (
  text: string,
  places: readonly string[],
  away: readonly { readonly outbox: string; readonly why: string }[],
  more: readonly string[] = [],
): Outcome => ({
  title: 'Pauses',
  done: places.length > 0,
  says: [
    places.length === 0 ? text : `${text} (${places.join(', ')})`,
    ...more,
    ...away.map(({ outbox, why }) => `The outbox ${outbox} could not be asked: ${why}`),
  ],
  back: '/pauses',
});

import { type Hono } from 'hono';
import { html } from 'hono/html';
import { type ReplayProgress, type ReplayReport, replayBar } from '../../contracts/replay-plan';
import { type PlanLine, newestPlansOf, planOf, remarksOf } from '../../ops/replay/replay-plans';
import { paceFrom, reportOf, signalPlan, startPlan } from '../../ops/replay/replays-command';
import { type Desk } from '../desk';
import { asked } from '../html/asked';
import { actForm, reasonField, textField } from '../html/form';
import { type Html } from '../html/page';
import { table } from '../html/table';
import { linked, time } from '../html/words';
import { type Asked, type Form, type Outcome, act, look } from '../routes';

const path = '/replays/:name';
const back = (name: string) => `/replays/${encodeURIComponent(name)}`;
const nameOf = ({ c }: Asked): string => c.req.param('name') ?? '';
const signals = { pause: 'Pause', resume: 'Go on', stop: 'Stop' } as const;
type Signal = keyof typeof signals;

/** Plans of replays, how far each is, and what a person may do with one. */
export function addReplays(app: Hono, desk: Desk): void {
  const { config } = desk;
  look(app, desk, '/replays', async ({ connections }) => ({
    title: 'Replay plans',
    live: true,
    body: html`<p>Runs that ended badly and are taken up again: <code>npx nova replays plan</code> freezes a plan.</p>
      <div data-live="plans">
        ${await asked(config, 'The plans', { work: () => newestPlansOf(connections.pool, 50), show: plansTable })}
      </div>`,
  }));
  look(app, desk, path, async (of) => {
    const name = nameOf(of);
    const plan = asked(config, 'The plan', {
      work: async () => {
        const found = await planOf(of.connections.pool, name);
        if (found === undefined) throw new Error(`there is no plan ${name}`);
        return found;
      },
      show: planFacts,
    });
    const report = asked(config, 'Its workflow', { work: () => reportOf(of.connections, name), show: reportText });
    const remarks = asked(config, 'What was not replayed well', {
      work: () => remarksOf(of.connections.pool, name, 20),
      show: (found) =>
        table({
          caption: 'Not, or not well, replayed; the first 20',
          head: ['event', 'state', 'why'],
          rows: found.map(({ eventId, state, remark }) => [linked(eventId), state, linked(remark ?? '–')]),
          empty: 'Nothing was refused, and nothing failed again.',
        }),
    });
    const parts = await Promise.all([plan, report, remarks]);
    return {
      title: `Replay plan ${name}`,
      live: true,
      body: html`<div data-live="plan">${parts}</div>
        ${of.mayAct ? forms(of, name) : ''}`,
    };
  });
  for (const signal of Object.keys(signals) as Signal[])
    act(app, desk, { path: `${path}/${signal}`, role: 'operate' }, (of, form) => signalOne(of, form, signal));
  act(app, desk, { path: `${path}/start`, role: 'operate' }, start);
}

/** A bar for the eye, and the same in words. */
function bar(progress: ReplayProgress, name: string): Html {
  const { past, total } = replayBar(progress);
  const states = Object.entries(progress).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []));
  return html`<progress max="${Math.max(1, total)}" value="${past}" aria-label="Progress of ${name}"></progress>
    ${past.toLocaleString('en')} of ${total.toLocaleString('en')}${states.length > 0 ? `: ${states.join(', ')}` : ''}`;
}

const plansTable = (plans: readonly PlanLine[]): Html =>
  table({
    caption: 'The newest plans',
    head: ['plan', 'by', 'at', 'progress', 'reason'],
    rows: plans.map(({ name, requestedBy, requestedAt, progress, reason }) => [
      html`<a href="${back(name)}">${name}</a>`,
      ...[requestedBy, time(requestedAt), bar(progress, name), reason],
    ]),
    empty: 'There is no plan.',
  });

const planFacts = ({ name, reason, requestedBy, requestedAt, progress }: PlanLine): Html =>
  html`<dl class="facts">
    <dt>Reason</dt>
    <dd>${reason}</dd>
    <dt>Asked for</dt>
    <dd>by ${requestedBy}, ${time(requestedAt)}</dd>
    <dt>Progress</dt>
    <dd>${bar(progress, name)}</dd>
  </dl>`;

function reportText(report: ReplayReport | null): Html {
  if (report === null) return html`<p>It is not being worked off.</p>`;
  const { paused, stopped, perSecond } = report;
  if (stopped !== null) return html`<p>It is being stopped by ${stopped.by}.</p>`;
  if (paused !== null) return html`<p>Paused by ${paused.by}${paused.reason === null ? '' : `: ${paused.reason}`}</p>`;
  return html`<p>It is being worked off, ${perSecond} a second at most.</p>`;
}

const forms = ({ token }: Asked, name: string): Html =>
  html`<h2>What you can do</h2>
    <div class="forms">
      ${actForm({
        ...{ action: `${back(name)}/start`, token, legend: 'Work it off', button: 'Start' },
        fields: textField({ id: 'per-second', name: 'perSecond', label: 'Runs in a second', value: '5' }),
      })}
      ${(Object.keys(signals) as Signal[]).map((signal) =>
        actForm({
          ...{ action: `${back(name)}/${signal}`, token, legend: legends[signal], button: signals[signal] },
          fields: reasonField(`${signal}-reason`, false),
        }),
      )}
    </div>`;

const legends: Readonly<Record<Signal, string>> = {
  pause: 'Take up no further run',
  resume: 'Let it go on',
  stop: 'End the work on it',
};

async function signalOne(of: Asked, form: Form, signal: Signal): Promise<Outcome> {
  const [name, reason] = [nameOf(of), form('reason')];
  const said = await signalPlan(of.connections, name, { signal, ...(reason === '' ? {} : { reason }) });
  return { title: `Replay plan ${name}`, done: true, says: [`${name}: ${said}`], back: back(name) };
}

async function start(of: Asked, form: Form): Promise<Outcome> {
  const name = nameOf(of);
  const workflowId = await startPlan(of.connections, name, paceFrom(form('perSecond')));
  return { title: `Replay plan ${name}`, done: true, says: [`${workflowId} works it off.`], back: back(name) };
}

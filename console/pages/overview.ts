import { type Hono } from 'hono';
import { html } from 'hono/html';
import { reasons } from '../../ops/status/status-reasons';
import { type Status } from '../../ops/status/status-said';
import { within } from '../../runtime/within';
import { type Desk } from '../desk';
import { faultText } from '../html/asked';
import { chart } from '../html/chart';
import { type Html } from '../html/page';
import { bad, good, seconds } from '../html/words';
import { look } from '../routes';
import { type Look } from '../sampling/sampler';
import { type Sample } from '../sampling/samples';
import { bridgesTable, findingsTable, hotTable, pausedTable, queuesTable, serversTable } from './overview-tables';

/** A console that has just begun waits no longer for its first look, milliseconds. */
const firstLookMs = 3_000;
/** Looks are taken for old when one more is missing, and a slow server has had its time. */
const oldMs = 20_000;

export function addOverview(app: Hono, desk: Desk): void {
  look(app, desk, '/', async () => {
    const late = () => new Error('the servers have not replied yet');
    const last = await within(firstLookMs, desk.sampler.last, late).catch(() => null);
    return { title: 'Overview', live: true, body: body(desk, last) };
  });
}

function body(desk: Desk, last: Look | null): Html {
  const { config, sampler } = desk;
  return html`<section id="summary" aria-labelledby="reasons">
      <h2 id="reasons">What to look at</h2>
      <div data-live="summary" role="status">
        ${last === null ? bad('The servers have not replied yet') : summary(desk, last)}
      </div>
      <p class="pace">
        <span data-live="age">${last === null ? '' : ageNote(last, config.sampleSeconds)}</span>
        <button type="button" id="pause-updates" aria-pressed="false" hidden>Pause updates</button>
      </p>
    </section>
    <section aria-labelledby="charts">
      <h2 id="charts">The last hour</h2>
      <div data-live="charts">${charts(sampler.samples)}</div>
    </section>
    ${
      last?.status == null
        ? html`<div data-live="tables"></div>`
        : html`<div data-live="tables">${tables(desk, last.status)}</div>`
    }`;
}

function summary({ config }: Desk, { status, failed }: Look): Html {
  if (status === null) return html`<p>${bad(`PostgreSQL could not be asked: ${faultText(failed, config)}`)}</p>`;
  const lookAt = reasons(status);
  const letters = status.deadLettered ?? 0;
  return lookAt.length === 0
    ? html`<p>${good('Nothing to look at')}</p>`
    : html`<ul class="reasons">
        ${lookAt.map((reason) => {
          const to = pageOf(reason);
          const text = reason === 'dead letters' ? `${letters} dead ${letters === 1 ? 'letter' : 'letters'}` : reason;
          return html`<li>${bad(text)} ${to === null ? '' : html`<a href="${to.path}">${to.name}</a>`}</li>`;
        })}
      </ul>`;
}

/** Where more is said of a reason; null: on this page. */
function pageOf(reason: string): { readonly path: string; readonly name: string } | null {
  if (reason === 'dead letters') return { path: '/dead-letters', name: 'See the dead letters' };
  return /^no reply from|^an aggregate/.test(reason) ? null : { path: '/stuck', name: `What is stuck: ${reason}` };
}

function ageNote({ at }: Look, everySeconds: number): Html {
  const age = Date.now() - at;
  const text = `Looked at ${new Date(at).toISOString().slice(11, 19)} UTC, ${Math.round(age / 1_000)} s ago`;
  return age > oldMs + everySeconds * 1_000
    ? bad(`${text}: a server is slow, so this may not be so any more`)
    : html`${text}`;
}

const count = (value: number | null): string => (value === null ? '–' : value.toLocaleString('en'));

function charts(samples: readonly Sample[]): Html {
  return html`<div class="charts">
    ${chart({ id: 'backlog', title: 'Backlog, rows', value: ({ pending }) => pending, text: count }, samples)}
    ${chart(
      {
        ...{ id: 'rate', title: 'Starts per second', value: ({ rate }) => rate },
        text: (value) => (value === null ? '–' : value.toFixed(1)),
      },
      samples,
    )}
    ${chart({ id: 'latency', title: 'From commit to start, 95 %', value: ({ p95 }) => p95, text: seconds }, samples)}
  </div>`;
}

const tables = (desk: Desk, status: Status): Html =>
  html`<h2>Servers</h2>
    ${serversTable(status)}
    <h2>Bridges and workers</h2>
    ${bridgesTable(status)} ${queuesTable(status)}
    <h2>What is held back</h2>
    ${pausedTable(status)} ${hotTable(status)}
    <h2>What the audit has found</h2>
    ${findingsTable(status)}`;

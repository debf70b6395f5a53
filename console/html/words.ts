import { html } from 'hono/html';
import { onTaskQueuesOf } from '../../runtime/task-queues';
import { webUiUrl } from '../../runtime/temporal-web-ui';
import { type ConsoleConfig } from '../settings';
import { type Html } from './page';

const uuid = /([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i;

/** The story of whatever this id is of. */
export const idLink = (id: string): Html => html`<a class="id" href="/search?id=${encodeURIComponent(id)}">${id}</a>`;

/** A text in which each id leads to its story. */
export const linked = (text: string): Html =>
  html`${text.split(uuid).map((part) => (uuid.test(part) ? idLink(part) : part))}`;

/** RFC 3339, as every time of the operator’s tools; null: a dash. */
export function time(at: Date | string | null): Html {
  if (at === null) return html`–`;
  const text = typeof at === 'string' ? at : at.toISOString();
  return html`<time datetime="${text}">${text.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>`;
}

/** Runs of this id in Temporal’s Web UI; null: no Web UI is known. */
export function runsLink(config: ConsoleConfig, workflowId: string): Html | null {
  const query = `WorkflowId STARTS_WITH ${JSON.stringify(workflowId)}`;
  const url = webUiUrl(config.temporalUiUrl, config.temporalNamespace, query);
  return url === null ? null : html`<a href="${url}">Its runs in Temporal’s Web UI</a>`;
}

/** Runs of events about this id, and of those that this person caused; null: no Web UI is known. */
export function runsAboutLink(config: ConsoleConfig, id: string): Html | null {
  const of = JSON.stringify(id);
  const query = `(AggregateId = ${of} OR ActorId = ${of}) AND ${onTaskQueuesOf(config.taskQueuePrefix)}`;
  const url = webUiUrl(config.temporalUiUrl, config.temporalNamespace, query);
  return url === null ? null : html`<a href="${url}">Runs about it, or caused by this person</a>`;
}

/** A state that is said by a sign and a word; the colour comes on top. */
export const good = (text: string): Html => html`<span class="good"><span aria-hidden="true">✔ </span>${text}</span>`;
export const bad = (text: string): Html => html`<span class="bad"><span aria-hidden="true">✘ </span>${text}</span>`;
export const seconds = (value: number | null): string =>
  value === null ? '–' : value < 1 ? `${Math.round(value * 1_000)} ms` : `${value.toFixed(1)} s`;

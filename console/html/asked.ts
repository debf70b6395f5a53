import { html } from 'hono/html';
import { type OutboxAway, OutboxFault, outboxFaultText, outboxPlace } from '../../ops/outboxes';
import { withSetting } from '../../runtime/which-setting';
import { within } from '../../runtime/within';
import { type ConsoleConfig } from '../settings';
import { type Html } from './page';
import { bad } from './words';

/** No part of a page is waited for longer, milliseconds: the others are shown all the same. */
const patienceMs = 5_000;

export const faultText = (thrown: unknown, config: ConsoleConfig): string =>
  thrown instanceof OutboxFault ? outboxFaultText(thrown, config) : withSetting(thrown, config);

/** What came back, within a bounded time, or why nothing did. Never rejects. */
export async function asked<T>(
  config: ConsoleConfig,
  what: string,
  of: { readonly work: () => Promise<T>; readonly show: (value: T) => Html; readonly patienceMs?: number },
): Promise<Html> {
  const ms = of.patienceMs ?? patienceMs;
  const late = () => new Error(`no reply within ${ms / 1_000} s`);
  try {
    return await of.show(await within(ms, of.work(), late));
  } catch (thrown) {
    return html`<p class="away">${bad(`${what} could not be asked: ${faultText(thrown, config)}`)}</p>`;
  }
}

/** Names the outboxes that said nothing, so that the page is not taken for complete. */
export const awayNote = (config: ConsoleConfig, away: readonly OutboxAway[]): Html =>
  html`${away.map(
    ({ outbox, why }) =>
      html`<p class="away">${bad(`outbox ${outboxPlace(outbox, config)} could not be asked: ${why}`)}</p>`,
  )}`;

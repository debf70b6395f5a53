import { html } from 'hono/html';
import { type Html } from './page';

/** A form that acts: it has the token without which nothing is done. */
export const actForm = (of: {
  readonly action: string;
  readonly token: string;
  readonly legend: string;
  readonly fields: Html;
  readonly button: string;
}): Html =>
  html`<form method="post" action="${of.action}" class="act">
    <fieldset>
      <legend>${of.legend}</legend>
      <input type="hidden" name="token" value="${of.token}" />
      ${of.fields}
      <button>${of.button}</button>
    </fieldset>
  </form>`;

/** `id`: one of the page, of the field alone. */
export const reasonField = (id: string, required = true): Html =>
  html`<p>
    <label for="${id}">Reason${required ? '' : ' (may be left out)'}</label>
    <input id="${id}" name="reason" maxlength="1000" autocomplete="off" ${required ? html`required` : ''} />
  </p>`;

export const checkField = (id: string, name: string, label: string, required = false): Html =>
  html`<p>
    <input type="checkbox" id="${id}" name="${name}" value="yes" ${required ? html`required` : ''} />
    <label for="${id}">${label}</label>
  </p>`;

export const textField = (of: {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly required?: boolean;
}): Html =>
  html`<p>
    <label for="${of.id}">${of.label}</label>
    <input
      id="${of.id}"
      name="${of.name}"
      value="${of.value ?? ''}"
      autocomplete="off"
      spellcheck="false"
      ${of.required === true ? html`required` : ''}
    />
  </p>`;

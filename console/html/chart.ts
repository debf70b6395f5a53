import { html } from 'hono/html';
import { type PriorityName, priorityNames } from '../../contracts/priority';
import { type Figures, type Sample } from '../sampling/samples';
import { type Html } from './page';
import { table } from './table';

const [width, height, left, top, bottom] = [420, 150, 8, 10, 20];
/** Lines differ by their dashes as well as by their colour. */
const dashes: Readonly<Record<PriorityName, string>> = { critical: '', high: '8 3', normal: '3 3', low: '1 4' };

interface ChartOf {
  readonly id: string;
  readonly title: string;
  readonly value: (figures: Figures) => number | null;
  readonly text: (value: number | null) => string;
}

/** Lines of the four priorities over time, and their newest values as a table. */
export function chart({ id, title, value, text }: ChartOf, samples: readonly Sample[]): Html {
  const all = samples.flatMap(({ byPriority }) => priorityNames.flatMap((name) => value(byPriority[name]) ?? []));
  const most = Math.max(0, ...all);
  const [from = 0, to = 0] = [samples[0]?.at, samples.at(-1)?.at];
  const x = (at: number) => left + ((width - 2 * left) * (at - from)) / Math.max(1, to - from);
  const y = (amount: number) => height - bottom - ((height - top - bottom) * amount) / (most === 0 ? 1 : most);
  const newest = samples.at(-1);
  const minutes = Math.round((to - from) / 60_000);
  return html`<section class="chart" aria-labelledby="${id}">
    <h3 id="${id}">${title}</h3>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}, by priority, at most ${text(most)}">
      <line class="axis" x1="${left}" x2="${width - left}" y1="${height - bottom}" y2="${height - bottom}" />
      <text x="${left}" y="${top + 2}" class="scale">${text(most)}</text>
      <text x="${left}" y="${height - 5}" class="scale">${minutes} min ago</text>
      <text x="${width - left}" y="${height - 5}" class="scale" text-anchor="end">now</text>
      ${priorityNames.map((name) =>
        lines(samples, (sample) => value(sample.byPriority[name])).map(
          (points) =>
            html`<polyline
              class="series ${name}"
              stroke-dasharray="${dashes[name]}"
              points="${points.map(([at, amount]) => `${x(at).toFixed(1)},${y(amount).toFixed(1)}`).join(' ')}"
            />`,
        ),
      )}
    </svg>
    ${table({
      caption: `${title} now`,
      head: ['priority', 'line', 'now'],
      rows: priorityNames.map((name) => [
        name,
        key(name),
        text(newest === undefined ? null : value(newest.byPriority[name])),
      ]),
      empty: '',
    })}
  </section>`;
}

const key = (name: PriorityName): Html =>
  html`<svg class="key" viewBox="0 0 40 8" aria-hidden="true">
    <line class="series ${name}" stroke-dasharray="${dashes[name]}" x1="0" x2="40" y1="4" y2="4" />
  </svg>`;

/** A line ends where nothing is known, and another begins after it; a single point is drawn as a short line. */
function lines(samples: readonly Sample[], of: (sample: Sample) => number | null): (readonly [number, number])[][] {
  const found: (readonly [number, number])[][] = [[]];
  for (const sample of samples) {
    const amount = of(sample);
    if (amount === null) found.push([]);
    else found.at(-1)?.push([sample.at, amount]);
  }
  return found.filter((points) => points.length > 0);
}

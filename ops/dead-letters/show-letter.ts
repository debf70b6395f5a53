import { actOf } from '../acts/acts';
import { type Connections } from '../connections';
import { type Letter, lettersOfIds, readPayload } from './desk';
import { holdOf, holdText } from './held-aggregates';
import { type ActOfPerson, listActs } from '../acts/list-acts';
import { type OutboxAway } from '../outboxes';

export interface ShowLetterOptions {
  readonly payload?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

/** Everything that is known of a dead letter; its payload only with a reason, which is written down with the one who reads it. */
export async function showLetterCommand(
  connections: Connections,
  id: string,
  { payload, reason, json }: ShowLetterOptions,
): Promise<readonly OutboxAway[]> {
  if (payload === true && (reason ?? '').trim() === '')
    throw new Error(
      '--payload needs --reason <text>: a payload may be content of people, and it is written down who reads it',
    );
  const { outboxes, actor } = connections;
  const { letters, refused, away } = await lettersOfIds(outboxes, [id]);
  const act = actOf({ actor, command: 'dead-letters read', reason, planned: letters.length });
  const shown = [];
  for (const letter of letters) {
    const pool = outboxes.of(letter);
    const hold = await holdOf(pool, letter.id);
    const read = payload === true ? { payload: await readPayload(pool, letter, act) } : {};
    shown.push({ ...letter, holds: hold?.isItself === true ? holdText(hold) : null, ...read });
  }
  const { acts } = await listActs(connections, { id: id.toLowerCase(), limit: 20 });
  if (json === true) console.log(JSON.stringify({ letters: shown, refused, acts }));
  else
    console.log(
      [...refused.map((one) => `${one.id}: ${one.why}`), ...shown.flatMap(lines), ...acts.map(actLine)].join('\n'),
    );
  if (letters.length === 0) process.exitCode = 1;
  return away;
}

type Shown = Letter & { readonly holds: string | null; readonly payload?: unknown };

function lines({ payload, ...letter }: Shown): string[] {
  const text = (value: Letter[keyof Letter] | string) =>
    value instanceof Date ? value.toISOString() : String(value ?? '–');
  return [
    ...Object.entries(letter).map(([name, value]) => `${name.padEnd(18)} ${text(value)}`),
    ...(payload === undefined ? [] : [`${'payload'.padEnd(18)} ${JSON.stringify(payload, null, 2)}`]),
  ];
}

const actLine = ({ at, actor, command, reason }: ActOfPerson): string =>
  `${'act'.padEnd(18)} ${at.toISOString()} ${command} by ${actor}${reason === null ? '' : `: ${reason}`}`;

import { failures } from '../../contracts/failures';
import { columnLines } from '../terminal/columns';

/** One thing that was looked at on the way from the row to the screen. */
export interface Check {
  /** `written`, `started`, `run`, `post`, `follow`, … */
  readonly check: string;
  /** Null: it decides nothing by itself, or it could not be looked at. */
  readonly ok: boolean | null;
  /** One sentence. */
  readonly says: string;
  /** What would change it; null: nothing needs to, or nothing can. */
  readonly cure: string | null;
}

/** The reply to a question: what a person sees, and the checks in the order from row to screen. */
export interface Why {
  /** Null: it was not a question of yes and no, or a server that decides it did not reply. */
  readonly yes: boolean | null;
  readonly verdict: string;
  readonly checks: readonly Check[];
}

export const fine = (check: string, says: string): Check => ({ check, ok: true, says, cure: null });
export const wrong = (check: string, says: string, cure: string | null): Check => ({ check, ok: false, says, cure });
export const note = (check: string, says: string, cure: string | null = null): Check => ({
  ...{ check, ok: null, says, cure },
});

/** What the catalogue of failures says is to be done about a reason that begins with its code; null: it has no such code. */
export function actionFor(reason: string | null): string | null {
  const code = /^[A-Z_]+/.exec(reason ?? '')?.[0] ?? '';
  return Object.hasOwn(failures, code) ? failures[code as keyof typeof failures].action : null;
}

/** What is to be done about a dead letter: the catalogue names the commands where requeueing alone would bring it back. */
export function deadLetterCure(lastError: string | null, id: string): string {
  const action = actionFor(lastError);
  if (action?.includes('<id>') === true) return action.replaceAll('<id>', id);
  return [action, `npx nova requeue ${id}`].filter((part) => part !== null).join(' Then: ');
}

/** `2026-11-28T14:05:09.123Z`, as every time of `nova` */
export const at = (time: Date | string): string => (typeof time === 'string' ? time : time.toISOString());

const marks = new Map([
  [true, '✔'],
  [false, '✘'],
  [null, '·'],
]);

/** For people. */
export function whyText({ yes, verdict, checks }: Why): string {
  const first = yes === null ? verdict : `${yes ? 'yes' : 'no'}: ${verdict}`;
  const width = Math.max(0, ...checks.map(({ check }) => check.length));
  const lines = checks.flatMap(({ check, ok, says, cure }) => [
    ...columnLines([[marks.get(ok) ?? '', check.padEnd(width), says]]),
    ...(cure === null ? [] : [`${' '.repeat(width + 5)}→ ${cure}`]),
  ]);
  return [first, '', ...lines].join('\n');
}

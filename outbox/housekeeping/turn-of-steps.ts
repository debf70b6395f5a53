import { oneLine } from '../../runtime/errors';
import { type Database } from '../../runtime/postgres';
import { ChoreTurn, TurnLost } from './chore-turn';

const hourSeconds = 3_600;
/** After a failure, or when there is more to do. */
const soonSeconds = 300;

export interface TurnOptions {
  /** Also when it is not due. */
  readonly asked: boolean;
  readonly signal: AbortSignal;
}

export interface StepOptions {
  /** Called before each piece of work: throws when the turn is lost or the process stops. */
  readonly between: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * One turn at a chore, when it is due and no other process has it. Returns false when it was not our turn. Each step is tried
 * whatever became of the one before.
 * @throws the first failure, after the turn's end is written
 */
export async function turnOfSteps(
  chore: { readonly database: Database; readonly name: string; readonly holder: string },
  { asked, signal }: TurnOptions,
  steps: readonly ((options: StepOptions) => Promise<void>)[],
  outcome: () => { readonly report: unknown; readonly soon: boolean },
): Promise<boolean> {
  const turn = await ChoreTurn.take(chore.database, chore.name, { holder: chore.holder, asked });
  if (turn === undefined) return false;
  const failures: unknown[] = [];
  const between = async (): Promise<void> => {
    signal.throwIfAborted();
    await turn.renew();
  };
  for (const step of steps) {
    try {
      await between();
      await step({ between, signal });
    } catch (thrown) {
      failures.push(thrown);
      if (thrown instanceof TurnLost || signal.aborted) break;
    }
  }
  const { report, soon } = outcome();
  const error = failures.map((failure) => oneLine(failure)).join('; ');
  await turn.end({
    nextInSeconds: soon || failures.length > 0 ? soonSeconds : hourSeconds,
    ...(failures.length > 0 ? { error } : { report }),
  });
  if (failures.length > 0) throw new Error(error, { cause: failures[0] });
  return true;
}

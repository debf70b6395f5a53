export type StackErrorCode =
  | 'MISSING_PROGRAM'
  | 'FETCH_FAILED'
  | 'START_FAILED'
  | 'UNHEALTHY'
  | 'PORT_TAKEN'
  | 'BUSY'
  | 'GIVEN_UNREACHABLE'
  | 'DOCKER_UNAVAILABLE'
  | 'BAD_SETTING'
  | 'BAD_FOLDER';

interface StackProblem {
  readonly code: StackErrorCode;
  /** What is wrong, as the start of a sentence without its full stop. */
  readonly what: string;
  /** Where to look: a program, an address, a file or a variable. */
  readonly where: string;
  /** What the reader should install, set or run. */
  readonly whatToDo: string;
  readonly cause?: unknown;
}

/** Why the stack cannot come up, in one sentence that names what to install or which variable to set. */
export class StackError extends Error {
  readonly code: StackErrorCode;
  readonly what: string;
  readonly where: string;
  readonly whatToDo: string;

  constructor(problem: StackProblem) {
    super(`${problem.what} (${problem.where}): ${problem.whatToDo}.`, { cause: problem.cause });
    this.name = 'StackError';
    this.code = problem.code;
    this.what = problem.what;
    this.where = problem.where;
    this.whatToDo = problem.whatToDo;
  }
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // Node's AggregateError of refused connections has an empty message of its own.
  return thrown.message || (thrown as NodeJS.ErrnoException).code || thrown.name;
}

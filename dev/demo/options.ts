import { Command, InvalidArgumentError } from 'commander';

export interface DemoOptions {
  /** Events committed by the run; rolled-back ones come on top. */
  readonly events: number;
  /** Events per second. */
  readonly rate: number;
  /** Same seed, same social graph and same sequence of business transactions. */
  readonly seed: number;
  /** People who write. Others only follow. */
  readonly users: number;
  /** Followers of the most followed account. */
  readonly followers: number;
  /** One JSON object on the last line of standard output, instead of the table. */
  readonly json: boolean;
  /** Stay up until Ctrl-C, also without a terminal. */
  readonly keep: boolean;
}

/** Reads the command line; on a mistake commander prints the sentence and ends the process, or throws with `exit: false`. */
export function parseOptions(argv: readonly string[], { exit = true } = {}): DemoOptions {
  const command = new Command('npm run demo --')
    .description(
      'Runs the whole system on real servers, behaves like the business services, and checks what came of it.',
    )
    .option('--events <count>', 'events to commit', whole(1, 1_000_000), 500)
    .option('--rate <events>', 'events per second', whole(1, 10_000), 10)
    .option('--seed <number>', 'seed of the social graph and of the traffic', whole(0, 2 ** 32 - 1), 1)
    .option('--users <count>', 'people who write', whole(100, 100_000), 3_000)
    .option('--followers <count>', 'followers of the most followed account', whole(10, 1_000_000), 20_000)
    .option('--json', 'print one JSON object on the last line of standard output', false)
    .option('--keep', 'stay up until Ctrl-C, also without a terminal', false)
    .showHelpAfterError();
  if (!exit) command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  return Object.freeze(command.parse([...argv], { from: 'user' }).opts<DemoOptions>());
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is needed.`);
  };
}

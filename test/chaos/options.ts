import { Command, InvalidArgumentError } from 'commander';
import { messageOf } from '../../dev/stack/errors';
import { type Choice, choicesIn, choicesNamed, nameOf } from './schedule/fault-kinds';
import { type ChaosOptions } from './types';

export interface CommandLine extends ChaosOptions {
  /** One JSON object on the last line of standard output, instead of the tables. */
  readonly json: boolean;
  /** Print the schedule of faults and do nothing. */
  readonly plan: boolean;
  /** Keep logs and evidence also when every promise held. */
  readonly keep: boolean;
}

/** Reads the command line; on a mistake commander prints the sentence and ends the process, or throws with `exit: false`. */
export function parseOptions(argv: readonly string[], { exit = true } = {}): CommandLine {
  const command = new Command('npm run chaos --')
    .description(
      'Runs the system under load while killing, freezing, restarting and cutting off everything it consists of, ' +
        'then proves from the servers that no promise was broken.',
    )
    .option('--minutes <minutes>', 'how long faults are dealt out', number(0.5, 24 * 60), 3)
    .option('--seed <number>', 'seed of the schedule of faults and of the traffic', whole(0, 2 ** 32 - 1), 1)
    .option('--rate <events>', 'events per second', number(0.1, 1_000), 5)
    .option(
      '--only <faults>',
      'no other faults than these, such as kafka:slow,writers:bulk or redis for all of it',
      faults,
    )
    .option(
      '--together',
      'one database for everything, which the release before knows too: deals rolling upgrades, and no outbox alone',
      false,
    )
    .option('--json', 'print one JSON object on the last line of standard output', false)
    .option('--plan', 'print the schedule of faults and do nothing', false)
    .option('--keep', 'keep logs and evidence also when every promise held', false)
    .showHelpAfterError();
  if (!exit) command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  const options = command.parse([...argv], { from: 'user' }).opts<CommandLine>();
  const there = choicesIn(options.together);
  const absent = options.only?.find((choice) => !there.includes(choice));
  if (absent !== undefined)
    command.error(`error: ${nameOf(absent)} is dealt ${options.together ? 'without' : 'only with'} --together`);
  return Object.freeze(options);
}

function faults(text: string): Choice[] {
  try {
    return choicesNamed(text.split(','));
  } catch (thrown) {
    throw new InvalidArgumentError(`${messageOf(thrown)}.`);
  }
}

function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a number from ${min} to ${max} is needed.`);
  };
}

function whole(min: number, max: number): (text: string) => number {
  const parse = number(min, max);
  return (text) => {
    if (/^\d+$/.test(text)) return parse(text);
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is needed.`);
  };
}

import { createInterface } from 'node:readline/promises';

/** Whether a command does what it has planned: with --yes, or when a person says so. With --json it does not ask. */
export async function mayGo(
  question: string,
  { yes, json }: { readonly yes?: boolean | undefined; readonly json?: boolean | undefined },
): Promise<boolean> {
  return yes === true || (json !== true && (await confirmed(question)));
}

/** Asks a person on the terminal; without one nothing is done, and a line says so. */
async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.log('nothing is done without a terminal to ask on: repeat with --yes');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

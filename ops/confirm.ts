import { createInterface } from 'node:readline/promises';

/** Asks a person on the terminal; without one nothing is done, and a line says so. */
export async function confirmed(question: string): Promise<boolean> {
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

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Command } from 'commander';
import { checkoutRoot } from '../stack/paths';
import { type Drill, drills } from './drills';

const jest = join(checkoutRoot, 'node_modules/jest/bin/jest.js');

/** Runs the test of a drill on servers of its own; its steps and jest's report go to the terminal. Resolves with whether all of it held. */
function run({ test, title }: Drill): Promise<boolean> {
  const only = title === undefined ? [] : ['--testNamePattern', title];
  const child = spawn(process.execPath, [jest, '--runInBand', ...only, '--runTestsByPath', test], {
    cwd: checkoutRoot,
    stdio: 'inherit',
    env: { ...process.env, NOVA_DRILL: '1', NOVA_TEST_STACK: 'drill' },
  });
  // Ctrl-C reaches the whole group of the terminal: jest takes its servers down, and this process waits for it.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}

const program = new Command('npm run drill --')
  .description(
    'The steps of the runbook after a loss, done on real servers that are started for it and taken down again.',
  )
  .showHelpAfterError();

program
  .command('list')
  .description('the drills, and the section of the runbook that each does')
  .action(() => {
    const all: Record<string, Drill> = drills;
    for (const [name, { meaning, section }] of Object.entries(all))
      console.log(`${name.padEnd(18)} ${meaning}\n${' '.repeat(19)}docs/runbook.md#${section}`);
  });

for (const [name, drill] of Object.entries(drills) as [string, Drill][])
  program
    .command(name)
    .description(drill.meaning)
    .action(async () => {
      console.log(`drill ${name}: ${drill.meaning}\nsteps of docs/runbook.md#${drill.section}`);
      const began = performance.now();
      const held = await run(drill);
      const seconds = Math.round((performance.now() - began) / 1_000);
      console.log(`drill ${name}: ${held ? 'held' : 'FAILED: the report above says at which step'}, ${seconds} s`);
      process.exitCode = held ? 0 : 1;
    });

void program.parseAsync();

import { type Command } from 'commander';
import { configFrom } from '../../runtime/config';
import { columnLines } from '../terminal/columns';
import { withConnections } from '../connections';
import { type Check, type CheckState } from './check';
import { doctorSettings, examine } from './doctor';

/** `nova doctor` */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'what a deployment needs, server by server: versions, schema, rights, clock, queues, topics, policies; what is wrong and how to put it right; exit code 1 with a fault',
    )
    .option('--json')
    .action(async ({ json }: { json?: boolean }) => {
      const config = configFrom(doctorSettings, process.env);
      const checks = await withConnections(config, (connections) => examine(connections, config));
      console.log(json === true ? JSON.stringify(checks) : doctorText(checks));
      if (checks.some(({ state }) => state === 'fault')) process.exitCode = 1;
    });
}

const words: Record<CheckState, string> = {
  ok: '✔',
  note: '·',
  warning: 'WARNING',
  fault: 'FAULT',
  unknown: 'UNKNOWN',
};

/** For people: a line for each check, and below what is not well how to put it right. */
function doctorText(checks: readonly Check[]): string {
  const lines = columnLines(checks.map(({ of, what, state, says }) => [words[state], of, what, says]));
  const count = (state: CheckState): number => checks.filter((check) => check.state === state).length;
  const { length } = checks;
  return [
    ...lines.flatMap((line, i) => {
      const cure = checks[i]?.cure ?? null;
      return cure === null ? [line] : [line, `    → ${cure}`];
    }),
    '',
    `${length} checks: ${count('ok')} well, ${count('warning')} warnings, ${count('fault')} faults, ${count('unknown')} could not be looked at`,
  ].join('\n');
}

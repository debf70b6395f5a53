import { Cleanup } from '../../proof/run/cleanup';
import { onInterrupt } from '../../proof/run/interrupt';
import { LiveRows } from '../../proof/run/live-rows';
import { Steps } from '../../proof/run/steps';
import { messageOf } from '../../dev/stack/errors';
import { plainReporter } from '../../dev/stack/reporter';
import { type CommandLine, parseOptions } from './options';
import { printedPlan, printedSummary } from './report/table';
import { runChaos } from './run-chaos';
import { dealableHere } from './schedule/dealable';
import { planSchedule } from './schedule/plan';

/** `npm run chaos`: exit code 0 only if every promise held, 130 after Ctrl-C. */
async function main(options: CommandLine): Promise<number> {
  if (options.plan) {
    const { plan, leftOut } = dealableHere(planSchedule(options));
    process.stdout.write(`${options.json ? JSON.stringify(plan) : printedPlan(plan, leftOut)}\n`);
    return 0;
  }
  const isTerminal = process.stderr.isTTY && !process.env['CI'];
  const rows = isTerminal ? new LiveRows(process.stderr) : undefined;
  const report = rows ?? plainReporter(process.stderr);
  const cleanup = new Cleanup();
  const interrupted = onInterrupt(cleanup);
  try {
    const steps = new Steps(report, interrupted);
    const summary = await runChaos(options, { steps, detailEveryMs: rows ? 500 : 10_000, interrupted }, cleanup);
    rows?.close();
    process.stdout.write(`${options.json ? JSON.stringify(summary) : printedSummary(summary)}\n`);
    return summary.ok ? 0 : 1;
  } catch (thrown) {
    rows?.close();
    process.stderr.write(interrupted.aborted ? 'interrupted\n' : `✘ ${messageOf(thrown)}\n`);
    return interrupted.aborted ? 130 : 1;
  } finally {
    for (const failure of await cleanup.run()) process.stderr.write(`could not be undone: ${failure}\n`);
  }
}

main(parseOptions(process.argv.slice(2))).then(
  // Clients may hold timers of their own after their close.
  (code) => process.exit(code),
  (thrown: unknown) => {
    process.stderr.write(`✘ ${messageOf(thrown)}\n`);
    process.exit(1);
  },
);

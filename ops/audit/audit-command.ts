import { type Command } from 'commander';
import { type ConfigOf, configFrom } from '../../runtime/config';
import { actOf, doing } from '../acts/acts';
import { type opsSettings, withConnections } from '../connections';
import { print } from '../print';
import { passingLine } from '../terminal/passing-line';
import { auditCommandSettings, auditNow, durationMs } from './audit';
import { acknowledgeFindings } from './audit-findings';
import { auditText } from './audit-print';

interface AuditOptions {
  readonly since: string;
  readonly acknowledge?: string[];
  readonly reason?: string;
  readonly json?: boolean;
}

/** `nova audit` */
export function addAuditCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  several: () => boolean,
): void {
  program
    .command('audit')
    .description(
      'compare rows with workflow runs and with Kafka, both ways; exit code 1 when something is unexplained or waits for a person',
    )
    .option('--since <duration>', 'how far to look back: 90m, 24h, 7d', '1h')
    .option('--acknowledge <event-id...>', 'no audit: these findings are explained, do not count them any more')
    .option('--reason <text>', 'with --acknowledge: why, kept with the finding')
    .option('--json')
    .action(async ({ since, acknowledge, reason, json }: AuditOptions) => {
      if (acknowledge !== undefined) {
        const done = await withConnections(config(), ({ pool, actor }) => {
          const act = actOf({ actor, command: 'audit --acknowledge', reason, planned: acknowledge.length });
          return doing(pool, act, async (database) => {
            const value = await acknowledgeFindings(database, acknowledge, reason ?? null);
            return { value, ids: value };
          });
        });
        print.acknowledged(done, acknowledge, json ?? false);
        return;
      }
      const line = passingLine();
      const report = await auditNow(configFrom(auditCommandSettings, process.env), durationMs(since), line.say);
      line.clear();
      console.log(json === true ? JSON.stringify(report) : auditText(report, several()));
      if (report.unexplained > 0 || report.waitForPerson > 0) process.exitCode = 1;
      if (report.notRead !== undefined) process.exitCode = 2;
    });
}

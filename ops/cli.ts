import { Command } from 'commander';
import { ConfigError, configFrom } from '../runtime/config';
import { oneLine } from '../runtime/errors';
import { listDeadLetters, requeueDeadLetters } from './dead-letters';
import { eventStory } from './event-story';
import { outboxReport } from './outbox-report';
import { print } from './print';
import { rebuildFeeds } from './rebuild-feeds';
import { opsSettings, withConnections } from './connections';

const program = new Command('ops').description('Look at and mend the outbox. Every command takes --json.');
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Says at once what is wrong with an id, instead of letting PostgreSQL complain. */
function checked(ids: readonly string[]): readonly string[] {
  const wrong = ids.filter((id) => !uuid.test(id));
  if (wrong.length > 0) throw new Error(`not a UUID: ${wrong.join(', ')}`);
  return ids;
}

const config = () => configFrom(opsSettings, process.env);

program
  .command('status')
  .description('what waits, where and why; exit code 1 when somebody should look')
  .option('--json')
  .action(async ({ json }: { json?: boolean }) => {
    const report = await withConnections(config(), ({ pool }) => outboxReport(pool));
    print.report(report, json ?? false);
    if (report.deadLettered > 0 || report.bridges.every((bridge) => bridge.state === 'outage')) process.exitCode = 1;
  });

program
  .command('show <event-id>')
  .description('the story of one event: its row, its workflow and what that waits for, its deliveries')
  .option('--json')
  .action(async (id: string, { json }: { json?: boolean }) => {
    checked([id]);
    const story = await withConnections(config(), ({ pool, workflows }) => eventStory(pool, workflows, id));
    if (story === null) throw new Error(`no outbox row ${id}: it was never committed, or its partition is gone`);
    print.story(story, json ?? false);
  });

program
  .command('dead-letters')
  .description('rows given up, newest first')
  .option('--code <code>', 'only this failure code (docs/failures.md)')
  .option('--limit <n>', 'at most', '50')
  .option('--json')
  .action(async ({ code, limit, json }: { code?: string; limit: string; json?: boolean }) => {
    const options = { limit: Number(limit), ...(code === undefined ? {} : { code }) };
    print.deadLetters(await withConnections(config(), ({ pool }) => listDeadLetters(pool, options)), json ?? false);
  });

program
  .command('requeue <event-id...>')
  .description('make dead-lettered rows pending again, their attempts forgotten')
  .option('--never-ran', 'you have checked that Temporal never ran them: needed after RETENTION_PASSED', false)
  .option('--json')
  .action(async (ids: string[], { neverRan, json }: { neverRan: boolean; json?: boolean }) => {
    const done = await withConnections(config(), ({ pool }) => requeueDeadLetters(pool, checked(ids), { neverRan }));
    print.requeued(done, ids, json ?? false);
    if (done.length < ids.length) process.exitCode = 1;
  });

program
  .command('rebuild-feeds [user-id...]')
  .description('write feeds anew from PostgreSQL: all of them when Redis was lost, or those of some users')
  .option('--json')
  .action(async (ids: string[], { json }: { json?: boolean }) => {
    const progress = (done: number) =>
      process.stderr.write(
        `${process.stderr.isTTY ? '\r' : ''}${done} feeds rebuilt${process.stderr.isTTY ? '' : '\n'}`,
      );
    const rebuilt = await withConnections(config(), (connections) => rebuildFeeds(connections, checked(ids), progress));
    print.rebuilt(rebuilt, json ?? false);
  });

program.parseAsync().catch((thrown: unknown) => {
  console.error(thrown instanceof ConfigError ? thrown.message : `ops: ${oneLine(thrown, 2_000)}`);
  process.exitCode = 2;
});

import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { webUiUrlOfRun } from '../../runtime/temporal-web-ui';
import { aggregateEvents, aggregateText } from './aggregate-events';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { eventStory } from './event-story';
import { type OutboxAway, noRowText } from '../outboxes';
import { print } from '../print';
import { checkedIds, outboxOption } from '../terminal/option-values';

/**
 * Prints the story of an event, or the events of an aggregate. Exit code 2 where there is none, or a server left something out of it.
 * @param several whether there are outboxes to distinguish
 */
async function showCommand(
  connections: Connections,
  id: string,
  { json, several }: { readonly json: boolean; readonly several: boolean },
): Promise<readonly OutboxAway[]> {
  const { temporalUiUrl, temporalNamespace, temporalAddress } = connections.config;
  const { story, away } = await eventStory(connections, id);
  if (story === null) {
    const { events } = await aggregateEvents(connections, id);
    if (events.length > 0) {
      print.result({ aggregate: id, events }, () => aggregateText(id, events, several), json);
      return away;
    }
    console.error(`nova: ${id}: ${noRowText(away)}`);
    process.exitCode = 2;
    return away;
  }
  const { workflow } = story;
  const page = workflow === null ? null : { workflowId: id, runId: workflow.runId };
  const webUi = page === null ? null : webUiUrlOfRun(temporalUiUrl, temporalNamespace, page);
  print.story({ ...story, webUi }, json, several);
  if (story.temporalFailed !== null) {
    console.error(`nova: no reply from Temporal at ${temporalAddress} (TEMPORAL_ADDRESS): ${story.temporalFailed}`);
    process.exitCode = 2;
  }
  return away;
}

/** `nova show` */
export function addShowCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
  several: () => boolean,
): void {
  program
    .command('show <id>')
    .description(
      'the story of one event: its row, its workflow and how that ended or what it waits for, its deliveries; of anything else: its newest events',
    )
    .option(...outboxOption)
    .option('--json')
    .action(async (id: string, { json, outbox }: { json?: boolean; outbox?: string }) => {
      checkedIds([id]);
      const among = outbox === undefined && several();
      incomplete(
        await withConnections(config(), (of) => showCommand(of, id, { json: json ?? false, several: among }), outbox),
      );
    });
}

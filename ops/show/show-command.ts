import { webUiUrlOfRun } from '../../runtime/temporal-web-ui';
import { aggregateEvents, aggregateText } from './aggregate-events';
import { type Connections } from '../connections';
import { eventStory } from './event-story';
import { type OutboxAway, noRowText } from '../outboxes';
import { print } from '../print';

/**
 * Prints the story of an event, or the events of an aggregate. Exit code 2 where there is none, or a server left something out of it.
 * @param several whether there are outboxes to distinguish
 */
export async function showCommand(
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
    console.error(`ops: ${id}: ${noRowText(away)}`);
    process.exitCode = 2;
    return away;
  }
  const { workflow } = story;
  const page = workflow === null ? null : { workflowId: id, runId: workflow.runId };
  const webUi = page === null ? null : webUiUrlOfRun(temporalUiUrl, temporalNamespace, page);
  print.story({ ...story, webUi }, json, several);
  if (story.temporalFailed !== null) {
    console.error(`ops: no reply from Temporal at ${temporalAddress} (TEMPORAL_ADDRESS): ${story.temporalFailed}`);
    process.exitCode = 2;
  }
  return away;
}

import { definitionOf } from '../contracts/catalogue';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowType, workflowTypes } from '../contracts/workflow-types';
import { consolePageOf } from './console-page';

/**
 * What the event of a run is and what the run does, in sentences for the Web UI (Markdown): from the catalogue, never of a payload.
 * @param consoleUrl where people reach the console; empty: no link to it
 */
export function staticDetails(ref: EventRef, workflowType: WorkflowType, consoleUrl: string): string {
  const meaning = definitionOf(ref.eventType)?.meaning ?? 'An event of a type that this version does not know.';
  const page = consolePageOf(consoleUrl, ref.eventId);
  return [
    `**${ref.eventType}**: ${meaning}`,
    `**${workflowType}**: ${workflowTypes[workflowType].meaning}`,
    `What became of it, from its row to what people see: ${page === null ? '' : `[the console](${page}), or `}\`npx nova why ${ref.eventId}\``,
  ].join('\n\n');
}

import { definitionOf } from '../contracts/catalogue';
import { type EventRef } from '../contracts/event-ref';
import { type WorkflowType, workflowTypes } from '../contracts/workflow-types';

/** What the event of a run is and what the run does, in sentences for the Web UI (Markdown): from the catalogue, never of a payload. */
export function staticDetails(ref: EventRef, workflowType: WorkflowType): string {
  const meaning = definitionOf(ref.eventType)?.meaning ?? 'An event of a type that this version does not know.';
  return [
    `**${ref.eventType}**: ${meaning}`,
    `**${workflowType}**: ${workflowTypes[workflowType].meaning}`,
    `What became of it, from its row to what people see: \`npx nova why ${ref.eventId}\``,
  ].join('\n\n');
}

import { mainOutbox } from '../../contracts/outbox-name';
import { type PlannedReplay } from './replay';

/** The plan for people, before anything is done. */
export function replayPlanText(plans: readonly PlannedReplay[]): string {
  if (plans.length === 0) return 'the audit has found nothing that a replay would end';
  return plans.flatMap(linesOf).join('\n');
}

function linesOf({ id, outbox, refused, workflowId, request, before, deliveries, reset }: PlannedReplay): string[] {
  if (refused !== null) return [`${id} is not replayed: ${refused}`];
  return [
    `${id} ${request?.ref.eventType ?? ''}${outbox === mainOutbox ? '' : ` of the outbox ${outbox}`}: ${before}`,
    `  starts ${request?.workflowType ?? ''} as ${workflowId}; what was done is not done again`,
    ...(deliveries === 0 ? [] : [`  sends ${deliveries} deliveries that were given up with the run`]),
    ...(reset === null ? [] : [`  better while Temporal knows the run, since its history stays one: ${reset}`]),
  ];
}

export function replayDoneText(started: readonly string[]): string {
  return [...started.map((workflowId) => `started ${workflowId}`), 'the next audit ends their findings'].join('\n');
}

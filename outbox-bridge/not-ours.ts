import { type FailureCode } from '../contracts/failures';
import { type Lookup } from './ports';

/** A failure, before it is known what it means for its row. */
export interface Fault {
  readonly code: FailureCode;
  readonly detail: string;
}

/** What a lookup found that is not this row's run. `ageMs`: milliseconds since the row was first tried. */
export function notOurs(found: Exclude<Lookup, 'ours'>, eventId: string, ageMs = 0): Fault {
  switch (found) {
    case 'foreign':
      return { code: 'FOREIGN_WORKFLOW', detail: `workflow ${eventId} exists and was not started by this outbox` };
    case 'twin':
      return { code: 'DUPLICATE_EVENT_ID', detail: `workflow ${eventId} was started for another row with this id` };
    case 'unknown':
      return {
        code: 'RETENTION_PASSED',
        detail: `first tried ${(ageMs / 86_400_000).toFixed(1)} days ago and not known to Temporal: it may have run. See \`npx nova show ${eventId}\`, then \`npx nova requeue --never-ran\` or discard`,
      };
  }
}

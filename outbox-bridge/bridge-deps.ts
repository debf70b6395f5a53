import { type Logger } from '../runtime/logger';
import { type OutboxSetting } from '../runtime/outboxes';
import { type AloneGate } from './alone-gate';
import { type AttemptLimits } from './attempt';
import { type Fuse } from './fuse';
import { type BridgeMetrics } from './metrics';
import { type NudgeTrust } from './nudge-trust';
import { type Pacer } from './pacer';
import { type Pauses } from './pauses';
import { type OutboxStore, type WorkflowStarter } from './ports';
import { type OutboxOutage } from './shared-outage';
import { type Paces } from './start-paces';
import { type OutboxSlots } from './start-slots';
import { type StartWindow } from './start-window';

/** What the loop of one outbox works with. */
export interface BridgeDeps {
  readonly outbox: Pick<OutboxSetting, 'name' | 'domains'>;
  readonly store: OutboxStore;
  readonly starter: WorkflowStarter;
  /** Of all outboxes of the process together. */
  readonly window: StartWindow;
  readonly slots: OutboxSlots;
  /** Of the task queues, for all outboxes of the process together. */
  readonly paces: Paces;
  readonly gate: AloneGate;
  readonly pacer: Pacer;
  readonly nudges: NudgeTrust;
  readonly pauses: Pauses;
  readonly outage: OutboxOutage;
  readonly fuse: Fuse;
  readonly metrics: BridgeMetrics;
  readonly logger: Logger;
  readonly limits: AttemptLimits;
  /** Length of a claim's lease. When it ends, others take over the rows of a bridge that died. */
  readonly leaseMs: number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

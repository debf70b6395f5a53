import { type Domain } from '../../contracts/events/define';
import { type Judge, type TrueOutbox } from './judge';
import { type ModelTemporal } from './model-temporal';
import { type ModelWriters } from './model-writers';
import { type Parts } from './parts';
import { type Defect, type Plan, type PlannedRow, type Server } from './plan';
import { type VirtualTime } from './virtual-time';
import { type Wire } from './wire';

export const timing = {
  leaseMs: 15_000,
  callMs: 5_000,
  queryMs: 5_000,
  retentionGuardMs: 420_000,
  retentionMs: 600_000,
  /** A planned mishap delays a call by no more. */
  lateMs: 60_000,
};

/** An outbox with its database and the service that writes it. */
export interface SimulatedOutbox extends TrueOutbox {
  readonly server: Server;
  readonly domains: readonly Domain[] | undefined;
  readonly writers: ModelWriters<PlannedRow>;
}

export interface World {
  readonly time: VirtualTime;
  readonly outboxes: readonly SimulatedOutbox[];
  readonly temporal: ModelTemporal;
  readonly judge: Judge;
  readonly wire: Wire;
  readonly plan: Plan;
  readonly defectOf: (row: { readonly id: string; readonly outbox: string }) => Defect;
  /** The bridge under simulation: the real one, or one broken on purpose. */
  readonly parts: Parts;
  /** Whether the bridges measure time with the wall clock; the real ones do not. */
  readonly wallClock: boolean;
  /** Whether marks are written to the next outbox; those of the real ones are not. */
  readonly marksGoAstray: boolean;
  readonly trace: (line: () => string) => void;
}

/** What a bridge process has of the machine that it runs on. */
export interface Host {
  readonly world: World;
  readonly clockStepMs: number;
  readonly serves: readonly SimulatedOutbox[];
  /** Starts the next process once this one is gone. */
  boot(): void;
}

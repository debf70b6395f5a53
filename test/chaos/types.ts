import { type StackAddresses } from '../../dev/stack/addresses';
import { type ServiceName } from '../../proof/services';
import { type ReceivedMail } from '../../proof/observe/mail-sink';
import { type DatabaseUrls } from './world/databases';
import { type OperatorAction } from './world/operator-actions';
import { type ByService } from './world/outboxes';

/** What writers may do all at once. */
export type BurstKind = 'hot-aggregate' | 'bulk';
/** In which order a rollout replaces the two kinds of processes. */
export type RolloutOrder = 'bridge-first' | 'workers-first';

/** What a chaos run is asked to do. */
export interface ChaosOptions {
  /** How long faults are dealt out, minutes; settling and proving come on top. */
  readonly minutes: number;
  /** Everything drawn at random follows from it: the schedule of faults and what the writers do. */
  readonly seed: number;
  /** Events written per second, on average. */
  readonly rate: number;
  /**
   * One database for everything, as the release before knows it: what a rolling upgrade needs. Without it each service has its
   * outbox in a database of its own.
   */
  readonly together: boolean;
  /** No other faults than these; all that this layout has without it. */
  readonly only?: readonly { readonly target: Target; readonly kind: FaultKind }[];
}

/** What can be harmed. */
export type Target =
  | 'bridge'
  | 'workers'
  /** The server of the outbox of one service, or its database where that is beside State. */
  | 'outbox'
  /** The one of State, with the outboxes that have no server of their own. */
  | 'postgres'
  | 'pgbouncer'
  | 'redis'
  | 'kafka'
  | 'temporal'
  | 'writers'
  | 'listeners'
  | 'operator'
  | 'release';

/** How it is harmed. */
export type FaultKind =
  /** SIGKILL, and a new one is started. */
  | 'kill'
  /** SIGTERM or the server's clean stop, and a new one is started. */
  | 'restart'
  /** SIGSTOP for a while, then SIGCONT. */
  | 'pause'
  /** Its sockets carry data late and little by little. */
  | 'slow'
  /** Its sockets stay open and carry nothing: a half-open connection. */
  | 'half-open'
  /** The broker that alone has some partitions is killed, or frozen: these have no leader. */
  | 'leaderless'
  | 'leader-frozen'
  /** All its connections are reset. */
  | 'reset'
  /**
   * An outbox goes back to an earlier moment: its files are copied while it is stopped, and put back at the end of the fault. All
   * that its service wrote in between is lost there, and took effect.
   */
  | 'restore'
  /** Its data is deleted (Redis), then rebuilt by the operator's command. */
  | 'wipe'
  /** Redis comes back with the data it had when the fault began: a promoted replica, a restored snapshot. */
  | 'rollback'
  /** A proxy that lost its route: every request is refused with HTTP 404. */
  | 'not-found'
  /** Temporal refuses every request: the namespace is active in another cluster. */
  | 'not-active'
  /** The process's wall clock jumps. */
  | 'clock-step'
  /** The writers do this all at once. */
  | BurstKind
  /** An operator does this to open workflows, and makes up for it with the product's commands. */
  | OperatorAction
  /** Back to the release before, and the upgrade again, while everything works; which kind of process goes first. */
  | RolloutOrder;

/** Index of a fault that harms all of its target at once. */
export const everyOne = -1;

/** One fault of the schedule; a pure function of seed and minutes. */
export interface PlannedFault {
  /** From the start of the faults, milliseconds. */
  readonly atMs: number;
  readonly target: Target;
  /** Which of several (bridge 0–2, workers 0–1, outbox 0–4); 0 for servers; `everyOne` for all bridges at once. */
  readonly index: number;
  readonly kind: FaultKind;
  /** How long it lasts, milliseconds; for a kill or restart, until the new process is started. */
  readonly durationMs: number;
  /** For a clock step: by how much, milliseconds, either sign. */
  readonly stepMs?: number;
}

/** What became of a fault. */
export interface FaultRecord {
  readonly fault: PlannedFault;
  /** Epoch milliseconds. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /**
   * From the end of the fault until nothing committed before its end was still pending, milliseconds; null when the run
   * ended, or another fault of the same target began, before that.
   */
  readonly recoveredMs: number | null;
  /** What went wrong with dealing or ending the fault itself, in words. */
  readonly trouble?: string;
  /** Why the fault was not dealt after all. */
  readonly leftOut?: string;
}

/** An outbox went back to an earlier moment. Times are epoch milliseconds. */
export interface Restore {
  readonly outbox: ServiceName;
  /** Before its server, or its database, was stopped for the copy, and after it was up again. */
  readonly stoppedAtMs: number;
  readonly copiedAtMs: number;
  /** Before it was killed, and after it was open again with the copy. */
  readonly killedAtMs: number;
  readonly openAtMs: number;
}

/** A fault that must not be dealt in this state of the run: that is said, and is no trouble. */
export class LeftOut extends Error {}

/** A process that ended though no fault ended it, or that did not end as it should: each is a violation. */
export interface Death {
  readonly process: string;
  readonly what: string;
  readonly atMs: number;
  /** The end of its log. */
  readonly log: string;
  readonly logFile: string;
}

/** The system under test and its servers. */
export interface ChaosWorld {
  /** The servers themselves, past PgBouncer and the proxies: for the proof and the sampler. */
  readonly direct: StackAddresses;
  /** One database for everything. */
  readonly together: boolean;
  /** The run's databases on the servers themselves, and as the writers see them (PgBouncer, proxies). */
  readonly databases: DatabaseUrls;
  readonly writersUrls: ByService<string>;
  /** Outboxes that went back to an earlier moment so far. */
  readonly restores: readonly Restore[];
  readonly names: {
    readonly topicPrefix: string;
    readonly redisPrefix: string;
    readonly taskQueuePrefix: string;
    /** Temporal visibility query that finds this run's workflows. */
    readonly workflowQuery: string;
  };
  /** Mail that the workers' SMTP server took. */
  readonly mails: readonly ReceivedMail[];
  /** Folder of logs and evidence. */
  readonly folder: string;
  /** Feed settings the workers run with. */
  readonly pullThreshold: number;
  readonly feedCap: number;
  /** Processes that died by themselves so far. */
  readonly deaths: readonly Death[];
  /** The product's own audit of the whole run, as an operator runs it; what it finds is in its tables. */
  audit(): Promise<void>;
  /** What an operator does with what the audit has named: replays what it calls replayable, and explains the rest. */
  replayFound(): Promise<void>;
  acknowledge(findings: readonly string[]): Promise<void>;
  /** Deals a fault; resolves when it has begun. The answer ends it, and resolves when what was harmed is up again. */
  harm(fault: PlannedFault): Promise<() => Promise<void>>;
  /** Ends everything, whatever state it is in. May be called again. */
  close(): Promise<void>;
  readonly writers: {
    /** Set while the writers write: makes them write far more at once. */
    burst?: (kind: BurstKind) => Promise<void>;
    /** Processes of the release before take part: the writers do nothing that it does otherwise than today's. */
    besideReleaseBefore?: boolean;
  };
  /** The abrupt end: kills the processes of this run and does nothing else. */
  killProcesses(): void;
}

/** One line of the proof: a promise, what was compared, and how many broke it. Zero is the only good answer. */
export interface ProofRow {
  /** 'lost', 'duplicate starts', 'duplicate effects', 'out of order on Kafka', 'resurrected deletes', 'leases leaked', 'unexplained', … */
  readonly promise: string;
  readonly violations: number;
  /** How many cases were looked at: a proof over nothing is no proof. */
  readonly examined: number;
  /** What exactly, at most a few examples with event ids. */
  readonly examples: readonly string[];
}

/** Commit to start and commit to Kafka, per priority, over the whole run, milliseconds. */
export interface StallRow {
  readonly priority: string;
  readonly events: number;
  readonly startP50Ms: number;
  readonly startP99Ms: number;
  readonly longestStartMs: number;
  readonly longestEmitMs: number;
}

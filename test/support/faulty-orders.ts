import { type FaultPoint } from '../../runtime/fault-points';

/**
 * - `SIGKILL`: the process is gone at the point
 * - `SIGTERM`: it is asked to stop at the point and goes on as it then does
 * - `exception`: the point throws
 * - `hang`: the point takes longer than any lease or timeout allows, then goes on: a zombie that wakes up when its work
 *   belongs to someone else
 */
export const faultModes = ['SIGKILL', 'SIGTERM', 'exception', 'hang'] as const;
export type FaultMode = (typeof faultModes)[number];

/** One fault, to strike once in whichever of the processes that got the order comes to the point first. */
export interface FaultOrder {
  readonly point: FaultPoint;
  readonly mode: FaultMode;
  /** Made, with the process id in it, by the process it strikes: exclusively, so that it strikes no other. */
  readonly hitFile: string;
  /** Length of a hang, milliseconds. */
  readonly hangMs: number;
  /** A hang that stops the whole process, heartbeats included. */
  readonly freeze?: boolean;
  /** Only in activities of these workflows; absent: anywhere. */
  readonly workflowIds?: readonly string[];
  /** Only in regular activities, not in a local first try. */
  readonly regularOnly?: boolean;
}

/** What a faulty process reports to the one that started it. */
export type FaultyReport = { readonly armed: string };

/** Environment variable with a FaultOrder as JSON, for a process that is to carry a fault from its start. */
export const orderVariable = 'NOVA_FAULT_ORDER';

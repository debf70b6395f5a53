import { setTimeout as sleep } from 'node:timers/promises';
import { msToTs } from '@temporalio/common/lib/time';
import { searchAttributes } from '../../contracts/search-attributes';
import { ensureSearchAttributes } from '../../migrations/search-attributes';
import { missingSearchAttributes } from '../../runtime/search-attributes';
import { grpcStatusOf } from '../../runtime/service-error';
import { readRetentionMs } from '../../runtime/temporal-retention';
import { type Connections } from '../connections';

/** One thing that Temporal needs. */
export interface SetupStep {
  readonly what: string;
  /** What was found. */
  readonly found: string;
  /** What setup does about it; null: nothing is needed. */
  readonly does: string | null;
}

type Of = Pick<Connections, 'connection' | 'config'>;

const dayMs = 86_400_000;
const callMs = 5_000;
/** A server takes some seconds until all of it knows a namespace that was just made. */
const knownWithinMs = 60_000;
const lookEveryMs = 500;

const isNotFound = (thrown: unknown): boolean => grpcStatusOf(thrown) === 'NOT_FOUND';

/** Milliseconds that closed runs are kept; null: there is no such namespace. */
const retentionOf = ({ connection, config }: Of): Promise<number | null> =>
  readRetentionMs(connection, config.temporalNamespace).catch((thrown: unknown) => {
    if (isNotFound(thrown)) return null;
    throw thrown;
  });

/** What is there and what is missing. Changes nothing. @param retentionDays of a namespace that has to be made */
export async function planSetup(of: Of, retentionDays: number): Promise<SetupStep[]> {
  const { temporalNamespace: namespace } = of.config;
  const retentionMs = await retentionOf(of);
  const names = Object.keys(searchAttributes);
  const missing = retentionMs === null ? names : await missingSearchAttributes(of.connection, namespace);
  return [
    {
      what: `namespace ${namespace}`,
      ...(retentionMs === null
        ? { found: 'is not there', does: `make it; closed runs are kept for ${retentionDays} days` }
        : { found: `keeps closed runs for ${(retentionMs / dayMs).toFixed(1)} days`, does: null }),
    },
    ...names.map((name) =>
      missing.includes(name)
        ? { what: `search attribute ${name}`, found: 'is not registered as Keyword', does: 'register it' }
        : { what: `search attribute ${name}`, found: 'is registered', does: null },
    ),
  ];
}

/** Makes what is missing; of what is there it changes nothing. Returns what it made, by the names of the plan. */
export async function runSetup(of: Of, retentionDays: number): Promise<string[]> {
  const { temporalNamespace: namespace } = of.config;
  const made: string[] = [];
  if ((await retentionOf(of)) === null) {
    await of.connection.withDeadline(Date.now() + callMs, () =>
      of.connection.workflowService.registerNamespace({
        namespace,
        workflowExecutionRetentionPeriod: msToTs(retentionDays * dayMs),
      }),
    );
    made.push(`namespace ${namespace}`);
  }
  const added = await onceKnown(() => ensureSearchAttributes(of.connection, namespace));
  return [...made, ...added.map((name) => `search attribute ${name}`)];
}

async function onceKnown<T>(work: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + knownWithinMs; ;) {
    try {
      return await work();
    } catch (thrown) {
      if (!isNotFound(thrown) || Date.now() > until) throw thrown;
      await sleep(lookEveryMs);
    }
  }
}

import { claimLimits, deliveryTryMs, lastStartMs, limits, startCallMs } from './time-budgets';

/** Configuration as far as chains look at it: numbers by key. */
export type Numbers = Readonly<Record<string, unknown>>;

interface Limit {
  readonly what: string;
  /** A fixed limit, or what the setting makes of it. */
  readonly value: number | ((of: (key: string) => number) => number);
  /** Environment variable that decides, and its key in the table of settings. */
  readonly setting?: { readonly env: string; readonly key: string };
}

/** Limits that must each be less than the next. */
export interface Chain {
  readonly name: string;
  readonly process: 'bridge' | 'workers';
  readonly unit: 'ms' | 'days';
  /** What goes wrong when the order is broken. */
  readonly otherwise: string;
  readonly limits: readonly Limit[];
}

const of = (env: string, key: string) => ({ env, key });
const lease = of('OUTBOX_LEASE_MS', 'leaseMs');
const delivery = of('DELIVERY_LEASE_MS', 'deliveryLeaseMs');
const grace = of('SHUTDOWN_GRACE_MS', 'shutdownGraceMs');
const send = of('KAFKA_SEND_TIMEOUT_MS', 'kafkaSendTimeoutMs');
const asSet =
  (key: string) =>
  (value: (key: string) => number): number =>
    value(key);

export const chains: readonly Chain[] = [
  {
    name: 'Start of a workflow',
    process: 'bridge',
    unit: 'ms',
    otherwise: 'a start is under way when another bridge claims the row',
    limits: [
      { what: 'one call', value: (value) => startCallMs(value('leaseMs')), setting: lease },
      { what: 'last start of a claimed row', value: (value) => lastStartMs(value('leaseMs')), setting: lease },
      { what: 'lease of the row', value: asSet('leaseMs'), setting: lease },
    ],
  },
  {
    name: 'Claim and mark',
    process: 'bridge',
    unit: 'ms',
    otherwise: 'a statement that the bridge has given up goes on in the server and keeps its locks',
    limits: [
      { what: 'statement, on the server', value: (value) => claimLimits(value('leaseMs')).serverMs, setting: lease },
      { what: 'the bridge’s wait', value: (value) => claimLimits(value('leaseMs')).waitMs, setting: lease },
      { what: 'last start of a claimed row', value: (value) => lastStartMs(value('leaseMs')), setting: lease },
      { what: 'lease of the row', value: asSet('leaseMs'), setting: lease },
    ],
  },
  {
    name: 'Days to come',
    process: 'bridge',
    unit: 'days',
    otherwise: 'the alarm is always on',
    limits: [
      {
        what: 'alarm',
        value: asSet('partitionAlarmDays'),
        setting: of('OUTBOX_PARTITION_ALARM_DAYS', 'partitionAlarmDays'),
      },
      {
        what: 'made ahead',
        value: asSet('partitionDaysAhead'),
        setting: of('OUTBOX_PARTITION_DAYS_AHEAD', 'partitionDaysAhead'),
      },
    ],
  },
  {
    name: 'First try of an effect',
    process: 'workers',
    unit: 'ms',
    otherwise: 'the workflow task times out and runs again from its beginning',
    limits: [
      { what: 'one local try', value: limits.localTry.startToCloseMs },
      { what: 'with its wait for a slot', value: limits.localTry.scheduleToCloseMs },
      { what: 'workflow task', value: limits.workflowTaskMs },
    ],
  },
  {
    name: 'Emit to Kafka',
    process: 'workers',
    unit: 'ms',
    otherwise: 'what Kafka acknowledged is never marked, and is sent again without end',
    limits: [
      { what: 'one request to Kafka', value: asSet('kafkaSendTimeoutMs'), setting: send },
      { what: 'sending of one flush', value: limits.emit.sendingMs },
      { what: 'idle transaction', value: limits.emit.transactionIdleMs },
      { what: 'the activity’s own patience', value: limits.emit.patienceMs },
      { what: 'start to close', value: limits.emit.startToCloseMs },
    ],
  },
  {
    name: 'Statements of an emit',
    process: 'workers',
    unit: 'ms',
    otherwise: 'the client gives up a statement that goes on in the server',
    limits: [
      { what: 'statement, on the server', value: limits.emit.statementMs },
      { what: 'the client’s wait', value: limits.statementMs },
      { what: 'the activity’s own patience', value: limits.emit.patienceMs },
    ],
  },
  {
    name: 'Regular activity',
    process: 'workers',
    unit: 'ms',
    otherwise: 'a statement is still under way when the next attempt begins',
    limits: [
      { what: 'statement, on the server', value: limits.serverStatementMs },
      { what: 'the client’s wait for a statement', value: limits.statementMs },
      { what: 'start to close', value: limits.activity.startToCloseMs },
    ],
  },
  {
    name: 'Pages of feeds: life signs',
    process: 'workers',
    unit: 'ms',
    otherwise: 'a worker that is well counts as dead',
    limits: [
      { what: 'two life signs', value: 2 * limits.pages.beatMs },
      { what: 'heartbeat timeout', value: limits.pages.heartbeatMs },
      { what: 'start to close', value: limits.pages.startToCloseMs },
    ],
  },
  {
    name: 'Pages of feeds: a step',
    process: 'workers',
    unit: 'ms',
    otherwise: 'a slow page is begun again before it can end',
    limits: [
      { what: 'the client’s wait for a statement', value: limits.statementMs },
      { what: 'longest step', value: limits.pages.stepMs },
      { what: 'start to close', value: limits.pages.startToCloseMs },
    ],
  },
  {
    name: 'Inboxes',
    process: 'workers',
    unit: 'ms',
    otherwise: 'a slow page of inboxes is written twice at once',
    limits: [
      { what: 'the client’s wait for a statement', value: limits.statementMs },
      { what: 'heartbeat timeout', value: limits.inboxes.heartbeatMs },
      { what: 'start to close', value: limits.inboxes.startToCloseMs },
    ],
  },
  {
    name: 'Delivery of a notification',
    process: 'workers',
    unit: 'ms',
    otherwise: 'a delivery counts as lost while it is being sent',
    limits: [
      { what: 'one try', value: (value) => deliveryTryMs(value('deliveryLeaseMs')), setting: delivery },
      { what: 'claim', value: asSet('deliveryLeaseMs'), setting: delivery },
      { what: 'start to close', value: limits.delivery.startToCloseMs },
    ],
  },
  {
    name: 'Delivery: life signs',
    process: 'workers',
    unit: 'ms',
    otherwise: 'a worker that is well counts as dead',
    limits: [
      { what: 'two life signs', value: 2 * limits.delivery.beatMs },
      { what: 'heartbeat timeout', value: limits.delivery.heartbeatMs },
      { what: 'start to close', value: limits.delivery.startToCloseMs },
    ],
  },
  {
    name: 'Audit',
    process: 'workers',
    unit: 'ms',
    otherwise: 'an audit that is well is begun again',
    limits: [
      { what: 'two life signs', value: 2 * limits.audit.beatMs },
      { what: 'heartbeat timeout', value: limits.audit.heartbeatMs },
      { what: 'start to close', value: limits.audit.startToCloseMs },
      { what: 'all attempts', value: limits.audit.scheduleToCloseMs },
    ],
  },
  {
    name: 'Stop of a worker process',
    process: 'workers',
    unit: 'ms',
    otherwise: 'the process ends in the middle of what it still waits for',
    limits: [
      { what: 'activities may finish', value: asSet('shutdownGraceMs'), setting: grace },
      {
        what: 'then they are cancelled',
        value: (value) => value('shutdownGraceMs') + limits.stop.cancelledMs,
        setting: grace,
      },
      {
        what: 'then the process ends',
        value: (value) => value('shutdownGraceMs') + limits.stop.closedMs,
        setting: grace,
      },
    ],
  },
  {
    name: 'A request to Kafka at the stop',
    process: 'workers',
    unit: 'ms',
    otherwise: 'an acknowledgement is lost with each stop of a worker',
    limits: [
      { what: 'one request to Kafka', value: asSet('kafkaSendTimeoutMs'), setting: send },
      { what: 'from the end of the grace to the end of the process', value: limits.stop.closedMs },
    ],
  },
];

/** The limits of a chain with their values. @throws Error when the configuration lacks a setting of the chain */
export function valuesOf(chain: Chain, config: Numbers): number[] {
  const value = (key: string): number => {
    const number = config[key];
    if (typeof number !== 'number') throw new Error(`time budgets: ${chain.name}: no setting ${key}`);
    return number;
  };
  return chain.limits.map((limit) => (typeof limit.value === 'number' ? limit.value : limit.value(value)));
}

/** What of a process's configuration breaks a chain: one sentence per pair, which names both. */
export function brokenChains(process: Chain['process'], config: Numbers): string[] {
  return chains.filter((chain) => chain.process === process).flatMap((chain) => faultsOf(chain, config));
}

/** The same of one chain. */
export function faultsOf(chain: Chain, config: Numbers): string[] {
  const values = valuesOf(chain, config);
  return chain.limits.slice(1).flatMap((outer, i) => {
    const inner = chain.limits[i];
    if (inner === undefined || values[i]! < values[i + 1]!) return [];
    const said = (limit: Limit, value: number) => {
      const shown = limit.setting && config[limit.setting.key];
      const name = limit.setting === undefined ? 'fixed' : `${limit.setting.env}=${String(shown)}`;
      return `${limit.what} (${name}, ${value} ${chain.unit})`;
    };
    return [
      `${chain.name}: ${said(inner, values[i]!)} must be less than ${said(outer, values[i + 1]!)}, or ${chain.otherwise}`,
    ];
  });
}

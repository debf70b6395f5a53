import fc from 'fast-check';

/** Event types of the simulated rows; each brings its priority, one per lane. */
export const kinds = ['security.alert.raised', 'message.edited', 'follow.added', 'reaction.removed'] as const;

/** What is the matter with a row itself. `deadly`: the process that is to start it dies. */
export type Defect = 'none' | 'invalid' | 'foreign' | 'refused-once' | 'refused-twice' | 'refused-always' | 'deadly';

export interface PlannedRow {
  readonly aggregate: number;
  /** Index into `kinds`, which is also the priority. */
  readonly kind: number;
  readonly defect: Defect;
  readonly runMs: number;
  /** One of the ids that services of both outboxes may give, each once; absent: an id of its own. */
  readonly sharedId?: number | undefined;
}

export interface PlannedTransaction {
  /** Index of the outbox; counted again from 0 where there are fewer. */
  readonly outbox: number;
  readonly atMs: number;
  readonly holdMs: number;
  readonly commits: boolean;
  readonly rows: readonly PlannedRow[];
}

/** What may happen to one call of a bridge, at the moment it is made. */
export const mishaps = [
  'lose-request',
  'lose-reply',
  'late-request',
  'late-reply',
  'repeat-request',
  'crash-before',
  'crash-after',
  'crash-unheard',
  'refuse',
] as const;
export type Mishap = (typeof mishaps)[number];
export type Port = 'claim' | 'settle' | 'start' | 'lookUp' | 'probe';

/** Each outbox has a database of its own; of a plan with one outbox, the second is none. */
export const servers = ['temporal', 'outbox 0', 'outbox 1'] as const;
export type Server = (typeof servers)[number];

export type Fault =
  /** The first call of this kind after `atMs`. */
  | { readonly at: 'call'; readonly port: Port; readonly mishap: Mishap; readonly atMs: number; readonly forMs: number }
  /** One bridge: gone and back after `forMs`; the freeze goes on with what it had in hand. */
  | {
      readonly at: 'bridge';
      readonly what: 'crash' | 'stop' | 'freeze';
      readonly bridge: number;
      readonly atMs: number;
      readonly forMs: number;
    }
  | { readonly at: 'clock'; readonly bridge: number; readonly atMs: number; readonly stepMs: number }
  /** A server, for a while: refuses at once, hangs until the caller gives up, or replies late. */
  | {
      readonly at: 'server';
      readonly server: Server;
      readonly how: 'refuses' | 'hangs' | 'slow';
      readonly atMs: number;
      readonly forMs: number;
    }
  /** The database of an outbox goes back to what it was `backMs` before. */
  | { readonly at: 'restore'; readonly outbox: number; readonly atMs: number; readonly backMs: number }
  | { readonly at: 'busy'; readonly atMs: number; readonly forMs: number }
  /** The deployment fails every start of one type. */
  | { readonly at: 'environment'; readonly kind: number; readonly atMs: number; readonly forMs: number };

export interface Plan {
  /** The second bridge serves the first outbox alone, every other bridge all of them. */
  readonly bridges: number;
  readonly outboxes: 1 | 2;
  /** An outbox that is away, from a moment on, until nothing of the other is left to do: it must not wait for this one. */
  readonly away?: { readonly outbox: number; readonly how: 'refuses' | 'hangs'; readonly atMs: number } | undefined;
  readonly windowMax: number;
  readonly pollMaxMs: number;
  /** Draws the latency of every call; 0: one millisecond each. */
  readonly latencySeed: number;
  readonly transactions: readonly PlannedTransaction[];
  readonly faults: readonly Fault[];
}

/** Long enough for a lease to end, and now and then for Temporal to forget. */
const spanMs = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
  { weight: 8, arbitrary: fc.integer({ min: 5_000, max: 40_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 300_000, max: 900_000 }) },
);
const lateMs = fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 5_000, max: 60_000 }));
const atMs = fc.integer({ min: 0, max: 8_000 });
const bridge = fc.integer({ min: 0, max: 2 });
const index = fc.integer({ min: 0, max: 1 });

const row: fc.Arbitrary<PlannedRow> = fc.record({
  aggregate: fc.integer({ min: 0, max: 5 }),
  kind: fc.integer({ min: 0, max: 3 }),
  defect: fc.oneof(
    { weight: 60, arbitrary: fc.constant<Defect>('none') },
    {
      weight: 10,
      arbitrary: fc.constantFrom<Defect>('invalid', 'foreign', 'refused-once', 'refused-twice', 'refused-always'),
    },
    { weight: 1, arbitrary: fc.constant<Defect>('deadly') },
  ),
  runMs: fc.constantFrom(5, 500, 20_000),
  sharedId: fc.oneof(
    { weight: 7, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 }) },
  ),
});

const transaction: fc.Arbitrary<PlannedTransaction> = fc.record({
  outbox: index,
  atMs: fc.integer({ min: 0, max: 6_000 }),
  holdMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 4_000 }) },
  ),
  commits: fc.oneof({ weight: 6, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  rows: fc.array(row, { minLength: 1, maxLength: 6, size: 'max' }),
});

const fault: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      at: fc.constant('call' as const),
      port: fc.constantFrom<Port>('start', 'settle', 'claim', 'start', 'settle', 'lookUp', 'probe'),
      mishap: fc.constantFrom(...mishaps),
      atMs,
      forMs: lateMs,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      at: fc.constant('bridge' as const),
      what: fc.constantFrom('crash' as const, 'stop' as const, 'freeze' as const),
      bridge,
      atMs,
      forMs: spanMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.constant('clock' as const),
      bridge,
      atMs,
      stepMs: fc.constantFrom(-3_600_000, -5_000, 5_000, 3_600_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      at: fc.constant('server' as const),
      server: fc.constantFrom(...servers),
      how: fc.constantFrom('refuses' as const, 'hangs' as const, 'slow' as const),
      atMs,
      forMs: spanMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.constant('restore' as const),
      outbox: index,
      atMs,
      backMs: fc.integer({ min: 1, max: 5_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ at: fc.constant('busy' as const), atMs, forMs: lateMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      at: fc.constant('environment' as const),
      kind: fc.integer({ min: 0, max: 3 }),
      atMs,
      forMs: spanMs,
    }),
  },
);

/** Everything that may differ between two simulations; shrinks to few rows, few faults, one bridge. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  bridges: fc.integer({ min: 1, max: 3 }),
  outboxes: fc.constantFrom(1, 2, 2, 2),
  away: fc.option(fc.record({ outbox: index, how: fc.constantFrom('refuses' as const, 'hangs' as const), atMs }), {
    nil: undefined,
    freq: 4,
  }),
  windowMax: fc.constantFrom(4, 8, 32),
  pollMaxMs: fc.constantFrom(5_000, 2_000, 1_000),
  latencySeed: fc.nat({ max: 0xffff }),
  transactions: fc.array(transaction, { minLength: 1, maxLength: 8, size: 'max' }),
  faults: fc.array(fault, { maxLength: 8, size: 'max' }),
});

/**
 * Plans in which series of two outboxes wait for slots at the same moment: all rows come within a tenth of a second, while
 * Temporal is slow. Of the others one in some thousands has such a moment.
 */
export const crowds: fc.Arbitrary<Plan> = plans.map((plan) => ({
  ...plan,
  ...{ bridges: 1, outboxes: 2, away: undefined },
  transactions: plan.transactions.map((each) => ({ ...each, atMs: each.atMs % 100, holdMs: 1, commits: true })),
  faults: [{ at: 'server', server: 'temporal', how: 'slow', atMs: 0, forMs: 20_000 }],
}));

/** Whether nothing keeps a bridge from bringing to an end what it has begun. */
export function isPeaceful({ faults, away, transactions }: Plan): boolean {
  const isDeadly = transactions.some(({ rows }) => rows.some(({ defect }) => defect === 'deadly'));
  return faults.length === 0 && away === undefined && !isDeadly;
}

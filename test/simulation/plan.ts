import fc from 'fast-check';

/** Event types of the simulated rows; each brings its priority, one per lane. */
export const kinds = ['security.alert.raised', 'message.edited', 'follow.added', 'reaction.removed'] as const;

/** What is the matter with a row itself. */
export type Defect = 'none' | 'invalid' | 'foreign' | 'refused-once' | 'refused-twice' | 'refused-always';

export interface PlannedRow {
  readonly aggregate: number;
  /** Index into `kinds`, which is also the priority. */
  readonly kind: number;
  readonly defect: Defect;
  readonly runMs: number;
}

export interface PlannedTransaction {
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
  /** A server, for a while: refuses at once, or hangs until the caller gives up. */
  | {
      readonly at: 'server';
      readonly server: 'postgres' | 'temporal';
      readonly how: 'refuses' | 'hangs';
      readonly atMs: number;
      readonly forMs: number;
    }
  | { readonly at: 'busy'; readonly atMs: number; readonly forMs: number }
  /** The deployment fails every start of one type. */
  | { readonly at: 'environment'; readonly kind: number; readonly atMs: number; readonly forMs: number };

export interface Plan {
  readonly bridges: number;
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

const row: fc.Arbitrary<PlannedRow> = fc.record({
  aggregate: fc.integer({ min: 0, max: 5 }),
  kind: fc.integer({ min: 0, max: 3 }),
  defect: fc.oneof(
    { weight: 12, arbitrary: fc.constant<Defect>('none') },
    {
      weight: 2,
      arbitrary: fc.constantFrom<Defect>('invalid', 'foreign', 'refused-once', 'refused-twice', 'refused-always'),
    },
  ),
  runMs: fc.constantFrom(5, 500, 20_000),
});

const transaction: fc.Arbitrary<PlannedTransaction> = fc.record({
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
      server: fc.constantFrom('postgres' as const, 'temporal' as const),
      how: fc.constantFrom('refuses' as const, 'hangs' as const),
      atMs,
      forMs: spanMs,
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
  windowMax: fc.constantFrom(4, 8, 32),
  pollMaxMs: fc.constantFrom(5_000, 2_000, 1_000),
  latencySeed: fc.nat({ max: 0xffff }),
  transactions: fc.array(transaction, { minLength: 1, maxLength: 8, size: 'max' }),
  faults: fc.array(fault, { maxLength: 8, size: 'max' }),
});

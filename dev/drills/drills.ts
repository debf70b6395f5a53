/** A loss, and the steps of the runbook after it, done on real servers by a test. */
export interface Drill {
  /** What was lost, and what holds afterwards. */
  readonly meaning: string;
  /** Section of docs/runbook.md whose steps it does. */
  readonly section: string;
  /** The test that does them, from the folder of the checkout. */
  readonly test: string;
  /** The one test of that file; absent: all of them. */
  readonly title?: string;
}

export const drills = {
  'redis-lost': {
    meaning: 'Redis comes back from an old snapshot: workers notice, and every feed is put right by itself',
    section: 'after-a-loss-of-redis',
    test: 'test/outages/redis-snapshot.test.ts',
    title: 'is noticed when it comes back from an old snapshot',
  },
  'kafka-lost': {
    meaning: 'Kafka lost its disks: all that it had acknowledged is sent to it again, in order',
    section: 'kafka-lost-its-topics',
    test: 'test/outages/kafka-lost.test.ts',
  },
  'temporal-lost': {
    meaning:
      'Temporal’s database is lost: all that was under way is built again from the outbox, nothing is done twice',
    section: 'temporals-database-was-lost',
    test: 'test/outages/temporal-lost.test.ts',
  },
  'postgres-restored': {
    meaning:
      'PostgreSQL is restored to an earlier moment: the audit names every difference, and each is repaired or acknowledged',
    section: 'an-outbox-was-restored',
    test: 'test/integration/operators/outbox-restored.test.ts',
  },
} as const satisfies Record<string, Drill>;

import { type Admin } from 'kafkajs';
import { Gauge, type Registry } from 'prom-client';
import { type KafkaAdmin } from '../runtime/kafka-admin';

/** A look costs each group two requests; the groups are looked for less often. */
const lookMs = 15_000;
const searchMs = 300_000;
/** Without a scrape for this long no one is looking, and no broker is asked. */
const wantedMs = 120_000;
/** Most groups that are shown: those of other products on the same brokers are many. */
const mostGroups = 200;
const askedAtOnce = 8;

/** `onScrape` is called at each. */
export function createGroupGauges(registry: Registry, onScrape: () => void = () => undefined) {
  const registers = [registry];
  return {
    lag: new Gauge({
      name: 'nova_consumer_group_lag',
      help: 'Events on a topic that a consumer group has not committed (KAFKA_LAG_GROUPS). Of workers of the maintenance queue; each has the same.',
      labelNames: ['group', 'topic'] as const,
      registers,
      collect: onScrape,
    }),
    members: new Gauge({
      name: 'nova_consumer_group_members',
      help: 'Consumers that the group has now; 0: no one reads for it.',
      labelNames: ['group'] as const,
      registers,
    }),
  };
}

/** How far consumer groups are behind on the topics of events. Asks only while someone scrapes. */
export class GroupLag {
  private groups: readonly string[] = [];
  private searchedMs = -Infinity;
  private scrapedMs = -Infinity;
  readonly gauges: ReturnType<typeof createGroupGauges>;

  constructor(
    private readonly deps: {
      readonly kafka: Pick<KafkaAdmin, 'ask'>;
      /** Those of events. */
      readonly topics: readonly string[];
      /** Names, or beginnings that end with `*`. */
      readonly wanted: readonly string[];
      readonly registry: Registry;
      readonly now?: () => number;
    },
  ) {
    this.gauges = createGroupGauges(deps.registry, () => (this.scrapedMs = this.now()));
  }

  /**
   * One look; returns the milliseconds until the next. While no broker replies there are no figures: the last ones would be taken
   * for those of now.
   */
  async look(): Promise<number> {
    if (this.now() - this.scrapedMs > wantedMs) {
      this.reset();
      return 1_000;
    }
    try {
      await this.deps.kafka.ask((admin) => this.lookWith(admin));
    } catch (thrown) {
      this.reset();
      throw thrown;
    }
    return lookMs;
  }

  private async lookWith(admin: Admin): Promise<void> {
    const there = new Set(await admin.listTopics());
    const topics = this.deps.topics.filter((topic) => there.has(topic));
    if (this.now() - this.searchedMs > searchMs) {
      this.groups = await this.search(admin, topics);
      this.searchedMs = this.now();
    }
    const ends = new Map(await Promise.all(topics.map(async (topic) => [topic, await endsOf(admin, topic)] as const)));
    const lags = await severalAtOnce(this.groups, (group) => lagsOf(admin, group, ends));
    const members = await membersOf(admin, this.groups);
    // No scrape comes in between.
    this.reset();
    for (const { group, topic, lag } of lags.flat()) this.gauges.lag.set({ group, topic }, lag);
    for (const [group, count] of members) this.gauges.members.set({ group }, count);
  }

  /** Groups that are wanted and have read one of the topics. */
  private async search(admin: Admin, topics: readonly string[]): Promise<string[]> {
    const { groups } = await admin.listGroups();
    const isWanted = (name: string): boolean =>
      this.deps.wanted.some((want) => (want.endsWith('*') ? name.startsWith(want.slice(0, -1)) : name === want));
    const names = groups.map(({ groupId }) => groupId).filter(isWanted);
    const read = await severalAtOnce(names, async (group) =>
      (await committedBy(admin, group, topics)).length > 0 ? [group] : [],
    );
    return read.flat().sort().slice(0, mostGroups);
  }

  private reset(): void {
    for (const gauge of Object.values(this.gauges)) gauge.reset();
  }

  private now(): number {
    return (this.deps.now ?? (() => performance.now()))();
  }
}

interface Partition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
type Ends = ReadonlyMap<number, { readonly low: number; readonly high: number }>;

async function endsOf(admin: Admin, topic: string): Promise<Ends> {
  const partitions = await admin.fetchTopicOffsets(topic);
  return new Map(partitions.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]));
}

/** Where the group is, as far as it has committed anything. */
async function committedBy(admin: Admin, group: string, topics: readonly string[]): Promise<Partition[]> {
  const all = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
  return all
    .flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })),
    )
    .filter(({ offset }) => offset >= 0);
}

/** Of each topic that the group reads. A partition that it has not committed yet counts whole: it begins at what is there. */
async function lagsOf(admin: Admin, group: string, ends: ReadonlyMap<string, Ends>) {
  const committed = await committedBy(admin, group, [...ends.keys()]);
  const topics = [...new Set(committed.map(({ topic }) => topic))];
  return topics.map((topic) => {
    const at = new Map(
      committed.filter((one) => one.topic === topic).map(({ partition, offset }) => [partition, offset]),
    );
    let lag = 0;
    for (const [partition, { low, high }] of ends.get(topic) ?? [])
      lag += Math.max(0, high - Math.max(at.get(partition) ?? low, low));
    return { group, topic, lag };
  });
}

async function membersOf(admin: Admin, groups: readonly string[]): Promise<(readonly [string, number])[]> {
  if (groups.length === 0) return [];
  const described = await admin.describeGroups([...groups]);
  return described.groups.map(({ groupId, members }) => [groupId, members.length]);
}

/** A few at a time, in order. */
async function severalAtOnce<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < all.length; from += askedAtOnce)
    results.push(...(await Promise.all(all.slice(from, from + askedAtOnce).map(work))));
  return results;
}

import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../../dev/stack/until';
import { Random } from '../../../proof/traffic/random';
import { eventOf } from '../../../proof/checks/replays';
import { type Databases } from '../../../proof/services';
import { readFindings } from '../proof/audits';
import { readAllMarks, withWitnesses } from '../proof/collect';
import { lossesOf } from '../proof/losses';
import { type Books } from '../traffic/books';
import { type BooksFile, readBooks } from '../traffic/books-file';
import { DoubtingBusiness } from '../traffic/doubting-business';
import { openWritersPools } from '../traffic/writers-pool';
import { type ChaosWorld } from '../types';
import { servicesDecide } from './service-decides';

interface RepairOptions {
  readonly world: ChaosWorld;
  readonly books: BooksFile;
  readonly seed: number;
  readonly interrupted: AbortSignal;
  readonly detail: (text: string) => void;
}

/** The audit leaves the last minute to the next one: what ran right before a restore is named after that. */
const auditSettlesMs = 75_000;
/** A row that is on Kafka and pending again counts as lost two minutes after its mark; the rest is for a starved machine. */
const patienceMs = 900_000;
const betweenAuditsMs = 10_000;

/** Rows that were started, or found started, and that no open run will send. */
const unsent = `
  SELECT count(*)::int AS rows FROM nova.outbox_events
  WHERE emitted_at IS NULL AND published_at IS NOT NULL AND dead_lettered_at IS NULL`;

/**
 * What docs/runbook.md says of outboxes that were restored, from its third step on: asks the audit; replays what it calls lost; lets the
 * services decide of the events that are gone, and explains what the audit says of them; until it has looked at all that ran before. Returns the
 * books with what the services wrote for it.
 */
export async function repairRestored(options: RepairOptions): Promise<Books> {
  const { world, interrupted, detail } = options;
  if (world.restores.length === 0) return readBooks(world.folder);
  const pools = openWritersPools(world.writersUrls);
  const business = new DoubtingBusiness(pools.services, options.books);
  const random = new Random(options.seed ^ 0x4e5a);
  const named = Math.max(...world.restores.map(({ openAtMs }) => openAtMs)) + auditSettlesMs;
  const deadline = Date.now() + patienceMs;
  const decided = new Set<string>();
  try {
    return await withWitnesses(world, async ({ databases }) => {
      for (;;) {
        interrupted.throwIfAborted();
        detail(`asking the audit; the services have decided of ${decided.size} lost events`);
        const audited = Date.now();
        // A server may not reply in time: an operator asks again.
        const isAudited = await world.audit().then(
          () => true,
          () => false,
        );
        if (!isAudited && audited < deadline) continue;
        const findings = (await readFindings(databases.state)).filter((one) => !one.resolved && !one.acknowledged);
        const { events } = lossesOf(readBooks(world.folder), await readAllMarks(databases), world.restores);
        const undecided = [...events.values()].filter(({ id }) => !decided.has(id));
        if (undecided.length > 0) await servicesDecide(undecided, business, random);
        for (const { id } of undecided) decided.add(id);
        const explained = findings.map(({ eventId }) => eventId).filter((id) => events.has(eventOf(id)));
        if (explained.length > 0) await world.acknowledge([...new Set(explained)]);
        if (findings.some(({ kind }) => kind === 'lost_emit')) await world.replayFound();
        // What the services have just written, and what was replayed, is on its way.
        const isSent = async (): Promise<boolean> => (await unsentIn(databases, world)) === 0;
        const areSent = await until(isSent, { timeoutMs: betweenAuditsMs, everyMs: 500 });
        if ((areSent && audited > named) || audited > deadline) return readBooks(world.folder);
        if (areSent) await pause(betweenAuditsMs, undefined, { signal: interrupted }).catch(() => undefined);
      }
    });
  } finally {
    await pools.end();
  }
}

async function unsentIn({ services }: Databases, { restores }: Pick<ChaosWorld, 'restores'>): Promise<number> {
  let count = 0;
  for (const outbox of new Set(restores.map((restore) => restore.outbox)))
    count += (await services[outbox].query<{ rows: number }>(unsent)).rows[0]?.rows ?? 0;
  return count;
}

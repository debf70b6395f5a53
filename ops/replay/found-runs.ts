import { type ReplayDeps } from '../../activities/replay/further-run';
import { type Connections } from '../connections';
import { type BadRun, inOrder, newestRun } from './bad-runs';
import { foundEvents } from './found-events';
import { type Lost, lostEvents } from './lost-events';
import { type OutboxAway } from '../outboxes';
import { planReplays } from './replay';

export interface FoundRuns {
  readonly runs: readonly BadRun[];
  /** Events that cannot be replayed, by why. */
  readonly refused: ReadonlyMap<string, number>;
  /** There are more than were asked for. */
  readonly more: boolean;
  readonly away: readonly OutboxAway[];
}

/** Which events, and how many at most. */
interface Wanted {
  readonly type: string | null;
  readonly limit: number;
}

type OnLook = (looked: number, meant: number) => void;

/** Events that are looked at between two words on how far it is. */
const pageSize = 50;

/**
 * What the open findings of the audit name and a replay ends. Of these Temporal may have forgotten the run, or has one that completed although Kafka
 * never got the event: both are started from their beginning; a run that ended badly is taken up where it failed.
 * @param onLook after each page: how many were looked at, and how many are meant
 */
export async function foundRuns(
  deps: ReplayDeps,
  { sinceMs, ...wanted }: Wanted & { readonly sinceMs: number | null },
  onLook: OnLook,
): Promise<FoundRuns> {
  const found = await foundEvents(deps, { ...wanted, sinceMs });
  const gathering = new Gathering(deps, 'FOUND', wanted.limit, found.away);
  for (let from = 0; from < found.ids.length; from += pageSize) {
    await gathering.add(found.ids.slice(from, from + pageSize));
    onLook(Math.min(from + pageSize, found.ids.length), gathering.count);
  }
  return gathering.result(found.ids.length >= wanted.limit);
}

/**
 * What was started and Temporal does not know, or what is not on Kafka and no run will send: each is started from its beginning, or taken up where
 * its run failed. Of what a plan before has replayed nothing is done again.
 * @param onLook after each page: how many rows were looked at, and how many are meant
 */
export async function lostRuns(
  connections: Connections,
  { lost, sinceMs, ...wanted }: Wanted & { readonly lost: Lost; readonly sinceMs: number },
  onLook: OnLook,
): Promise<FoundRuns> {
  const gathering = new Gathering(connections, lost === 'lost' ? 'LOST' : 'UNSENT', wanted.limit, []);
  let looked = 0;
  const onAway = (away: OutboxAway) => gathering.noteAway(away);
  for await (const page of lostEvents(connections, { lost, type: wanted.type, sinceMs }, onAway)) {
    for (let from = 0; from < page.ids.length; from += pageSize) {
      if (gathering.count >= wanted.limit) return gathering.result(true);
      await gathering.add(page.ids.slice(from, from + pageSize));
      onLook(looked + from, gathering.count);
    }
    onLook((looked += page.looked), gathering.count);
  }
  return gathering.result(false);
}

/** Looks at events, page after page, whether and how each can be taken up again. */
class Gathering {
  private readonly runs: BadRun[] = [];
  private readonly refused = new Map<string, number>();
  private readonly away: Map<string, OutboxAway>;

  constructor(
    private readonly deps: ReplayDeps,
    private readonly code: 'FOUND' | 'LOST' | 'UNSENT',
    private readonly limit: number,
    away: readonly OutboxAway[],
  ) {
    this.away = new Map(away.map((one) => [one.outbox, one]));
  }

  get count(): number {
    return this.runs.length;
  }

  noteAway(one: OutboxAway): void {
    this.away.set(one.outbox, one);
  }

  async add(ids: readonly string[]): Promise<void> {
    const page = await planReplays(this.deps, ids, { again: false });
    page.away.forEach((one) => this.noteAway(one));
    for (const { id, outbox, refused: why, request, before, workflowId } of page.plans) {
      if (why !== null || request === null || outbox === null) {
        this.refused.set(why ?? '', (this.refused.get(why ?? '') ?? 0) + 1);
        continue;
      }
      const run = await newestRun(this.deps, id);
      const { eventType, sequence } = request.ref;
      const further = { ...{ eventId: id, eventType, outbox, sequence, workflowId }, reset: null, step: null };
      this.runs.push(typeof run === 'string' ? { ...further, why: `${this.code}: ${before}` } : run);
    }
  }

  result(more: boolean): FoundRuns {
    return {
      runs: inOrder(this.runs).slice(0, this.limit),
      refused: this.refused,
      more: more || this.runs.length > this.limit,
      away: [...this.away.values()],
    };
  }
}

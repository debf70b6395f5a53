import { type LoginUrls } from '../../dev/logins';
import { type RunOutbox } from '../../dev/runs/database';
import { asAdmin } from '../support/database';
import { takeSnapshot } from '../support/database-snapshot';
import { startFaultProxy } from '../support/fault-proxy';

/** How a database can be away: it ends its connections and takes no others, or takes all and replies to none. */
export type Absence = 'killed' | 'hangs';

/** The database of one service, which processes see through a proxy of its own. */
export interface OutboxDatabase {
  seenThroughProxy(outbox: RunOutbox): RunOutbox;
  takeAway(how: Absence): Promise<() => Promise<void>>;
  takeSnapshot(): Promise<OutboxSnapshot>;
  close(): Promise<void>;
}

export interface OutboxSnapshot {
  /** Puts what there was in the place of what there is. Processes cannot come in until the result is called. */
  restore(): Promise<() => Promise<void>>;
  drop(): Promise<void>;
}

/** @param url as the administrator sees it */
export async function outboxDatabase(url: string): Promise<OutboxDatabase> {
  const { hostname: host, port, pathname } = new URL(url);
  const proxy = await startFaultProxy({ host, port: Number(port) });
  const moved = (from: string): string => {
    const through = new URL(from);
    through.host = `127.0.0.1:${proxy.port}`;
    return through.href;
  };
  const kill = () => killed(pathname.slice(1));
  const pass = async (): Promise<void> => proxy.set('pass');
  return {
    seenThroughProxy: (outbox) => ({
      ...outbox,
      urls: Object.fromEntries(Object.entries(outbox.urls).map(([role, one]) => [role, moved(one)])) as LoginUrls,
    }),
    takeAway: async (how) => {
      if (how === 'killed') return kill();
      proxy.set('half-open');
      return pass;
    },
    takeSnapshot: async () => {
      const giveBack = await kill();
      // What is copied must have no session, and a bridge opens one at once.
      const snapshot = await takeSnapshot(url).finally(giveBack);
      return {
        restore: async () => {
          proxy.set('reset');
          await snapshot.restore();
          return pass;
        },
        drop: () => snapshot.drop(),
      };
    },
    close: () => proxy.close(),
  };
}

/** It ends its connections and refuses others, until the result is called. */
async function killed(database: string): Promise<() => Promise<void>> {
  const allow = (whether: boolean) =>
    asAdmin(async (admin) => {
      await admin.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS ${whether}`);
      if (!whether)
        await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
    });
  await allow(false);
  return () => allow(true);
}

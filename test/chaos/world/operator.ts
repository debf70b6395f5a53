import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { messageOf } from '../../../dev/stack/errors';
import { checkoutRoot } from '../../../dev/stack/paths';
import { runTool } from '../../../dev/stack/run-tool';

type Environment = Readonly<Record<string, string>>;

/** A run that was cancelled ends when its turn comes: on a starved machine, behind a backlog, that took more than a quarter of an hour. */
const patienceMs = 3_600_000;
/** One command. */
const commandMs = 900_000;
const pauseMs = 1_000;
/** An hour's audit asks for some 35,000 rows, runs and messages. */
const auditMs = 1_800_000;
const mostAudits = 3;

/** Deletes everything in Redis; tried again while another fault keeps it from answering. */
export async function flushRedis(url: string): Promise<void> {
  await persist('FLUSHALL', async () => {
    const redis = new Redis(url, { lazyConnect: true, connectTimeout: 3_000, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      await redis.flushall();
    } finally {
      redis.disconnect();
    }
  });
}

/** Runs `npx nova rebuild-feeds` as an operator does, again and again until it succeeds. */
export async function runRebuildFeeds(environment: Environment, folder: string): Promise<void> {
  await persist('rebuild-feeds', () => ops(['rebuild-feeds', '--json'], environment, folder));
}

/**
 * Runs `npx nova audit` over the whole run. Findings make no failure: they are in its tables. An audit that could not look
 * (exit code 2: a server did not reply in time) is run again, as an operator would, three times at most.
 */
export async function runAudit(environment: Environment, folder: string): Promise<void> {
  const options = { okCodes: [0, 1], timeoutMs: auditMs };
  for (let tries = 1; ; tries++) {
    try {
      await ops(['audit', '--since', '24h', '--json'], environment, folder, options);
      return;
    } catch (error) {
      if (tries === mostAudits) throw error;
    }
  }
}

/** Writes lines into the operator's log. */
export function noteInto(folder: string): (text: string) => void {
  return (text) => appendFileSync(join(folder, 'operator.log'), `${new Date().toISOString()} ${text}\n`);
}

/** One command of the operator's; its words go into a log. */
async function ops(
  args: readonly string[],
  environment: Environment,
  folder: string,
  { okCodes = [0], timeoutMs = commandMs }: { okCodes?: readonly number[]; timeoutMs?: number } = {},
): Promise<string> {
  const note = noteInto(folder);
  const said = await runTool({
    file: process.execPath,
    args: ['--import', 'tsx', join(checkoutRoot, 'ops/cli.ts'), ...args],
    cwd: checkoutRoot,
    env: { ...process.env, ...environment },
    timeoutMs,
    whatToDo: `look at ${join(folder, 'operator.log')}`,
    okCodes,
  }).catch((error: unknown) => {
    note(messageOf(error));
    throw error;
  });
  note(said);
  return said;
}

/** Another action of the operator's may have been made up for meanwhile, or a restore may have lost the row: the proof says which may. */
const needless = /is open\b|has completed|^it has no outbox row/;

/** Runs `npx nova replay --found`, as the runbook says of `lost_emit`. */
export async function runReplayFound(environment: Environment, folder: string): Promise<void> {
  await ops(['replay', '--found', '--yes', '--json', '--reason', 'restored'], environment, folder, { okCodes: [0, 1] });
}

/** Runs `npx nova audit --acknowledge` for these findings, by their event ids. */
export async function runAcknowledge(ids: readonly string[], environment: Environment, folder: string): Promise<void> {
  const args = ['audit', '--acknowledge', ...ids, '--reason', 'restored'];
  await ops(args, environment, folder, { okCodes: [0, 1] });
}

/** Runs `npx nova replay` for these events; fails when one of them is refused that needs it. */
export async function runReplay(eventIds: readonly string[], environment: Environment, folder: string): Promise<void> {
  const args = ['replay', ...eventIds, '--yes', '--json', '--reason', 'chaos'];
  const { plan } = JSON.parse(await ops(args, environment, folder, { okCodes: [0, 1] })) as {
    plan: readonly { readonly id: string; readonly refused: string | null }[];
  };
  const refused = plan.filter(({ refused: why }) => why !== null && !needless.test(why));
  if (refused.length > 0) throw new Error(refused.map(({ id, refused: why }) => `${id}: ${why}`).join('; '));
}

export async function persist(what: string, work: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} does not succeed: ${messageOf(error)}`);
      await pause(pauseMs);
    }
  }
}

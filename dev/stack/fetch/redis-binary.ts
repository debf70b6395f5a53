import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import type { Env } from '../paths';
import { runTool } from '../run-tool';
import { libraryPath, type Located, type Program } from '../servers/server';
import { isExecutable, which } from '../which';
import { debianPackageHome, debianPackagesAreHere, fetchDebianPackage, librariesOf } from './debian-package';

const advice = 'install Redis (Debian: apt-get install redis-server), or set REDIS_URL to a server of your own';

const debianPackage = {
  name: 'redis-server',
  isWhole: (folder: string) => isExecutable(binaryIn(folder)),
  whatToDo: advice,
};
const binaryIn = (folder: string) => join(folder, 'usr', 'bin', 'redis-server');

/** `redis-server` on PATH; else Debian's package, unpacked into the cache. */
export async function locateRedis(env: Env): Promise<Located> {
  const onPath = which('redis-server', env);
  if (onPath) return { ready: await described(onPath) };
  const home = debianPackageHome(debianPackage.name, env);
  if (existsSync(home)) return { ready: await unpacked(home) };
  if (debianPackagesAreHere(env)) {
    return {
      title: "fetching Debian's package of Redis, once; cached from then on",
      fetch: async (detail) => unpacked(await fetchDebianPackage(debianPackage, env, detail)),
    };
  }
  throw new StackError({
    code: 'MISSING_PROGRAM',
    what: 'redis-server is not on this machine',
    where: 'PATH',
    whatToDo: advice,
  });
}

async function unpacked(home: string): Promise<Program> {
  return described(binaryIn(home), librariesOf(home));
}

async function described(file: string, libraries?: string): Promise<Program> {
  const text = await runTool({
    file,
    args: ['--version'],
    env: libraryPath({ libraries }),
    timeoutMs: 60_000,
    whatToDo: advice,
  });
  const version = /v=(\S+)/.exec(text)?.[1] ?? 'unknown';
  return { name: `Redis ${version}`, path: file, ...(libraries ? { libraries } : {}) };
}

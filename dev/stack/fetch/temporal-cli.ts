import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StackError } from '../errors';
import { cacheHome, type Env } from '../paths';
import { seconds } from '../reporter';
import { runTool } from '../run-tool';
import type { Located, Program } from '../servers/server';
import { isExecutable, which } from '../which';
import { cached } from './cached';

/** The newest that can be built as a dependency: later ones replace a module in their go.mod. Server 1.29.1, Web UI 2.42.1. */
const temporalCliVersion = '1.5.1';

/**
 * Newer than the CLI asks for (1.34.1), with which one query cancelled at the wrong instant made SQLite answer
 * "interrupted" to every later one: the dev server stayed up, knew no namespace and never came back. Clients with
 * deadlines brought that about within seconds.
 */
const sqliteVersion = '1.44.3';

const goMod = `module nova-temporal-dev-server

go 1.24

require (
	github.com/temporalio/cli v${temporalCliVersion}
	modernc.org/sqlite v${sqliteVersion}
)
`;

const advice = 'or set TEMPORAL_ADDRESS to a server of your own';

/** `temporal` on PATH; else one built from source by Go, in the cache. */
export async function locateTemporal(env: Env): Promise<Located> {
  const home = join(cacheHome(env), `temporal-cli-${temporalCliVersion}-sqlite-${sqliteVersion}`);
  const present = [which('temporal', env), join(home, 'temporal')].find((file) => file !== null && isExecutable(file));
  if (present) return { ready: await described(present) };
  if (which('go', env) === null) {
    throw new StackError({
      code: 'MISSING_PROGRAM',
      what: 'Neither the Temporal CLI nor Go, which could build it, is on this machine',
      where: 'PATH',
      whatToDo: `install the CLI (see docs.temporal.io/cli) or Go 1.24 or newer, ${advice}`,
    });
  }
  return {
    title: `building the Temporal CLI ${temporalCliVersion} with Go: about 3 minutes, once; cached from then on`,
    fetch: async (detail) => {
      await cached(home, { timeoutMs: 1_500_000, onWait: detail }, (draft) => build(draft, detail));
      return described(join(home, 'temporal'));
    },
  };
}

/** Says what it is doing at least every ten seconds: a silent three minutes looks like a hang. */
async function build(draft: string, detail: (text: string) => void): Promise<void> {
  const begun = Date.now();
  let compiled = 0;
  let latest = '';
  const say = () => {
    const work =
      compiled === 0 ? 'resolving modules, or linking what was compiled before' : `${compiled} packages compiled`;
    detail(`${seconds(Date.now() - begun)} so far: ${work}${latest && `, ${latest}`}`);
  };
  const clock = setInterval(say, 5_000);
  writeFileSync(join(draft, 'go.mod'), goMod);
  try {
    await runTool({
      file: 'go',
      args: ['build', '-v', '-mod=mod', '-o', join(draft, 'temporal'), 'github.com/temporalio/cli/cmd/temporal'],
      cwd: draft,
      // A GOOS, GOARCH or GOFLAGS of the user's own work must not change what is built here.
      env: { ...process.env, GOFLAGS: '', GOOS: '', GOARCH: '', GOWORK: 'off' },
      timeoutMs: 1_200_000,
      onLine: (line) => {
        if (!line.startsWith('go: ')) compiled += 1;
        latest = line.startsWith('go: ') ? line.slice(4) : `now ${line}`;
      },
      whatToDo: `make sure that Go reaches its module proxy, install the CLI (see docs.temporal.io/cli), ${advice}`,
    });
  } finally {
    clearInterval(clock);
  }
}

async function described(file: string): Promise<Program> {
  const text = await runTool({ file, args: ['--version'], timeoutMs: 60_000, whatToDo: `repair ${file}, ${advice}` });
  const server = /Server ([\d.]+)/.exec(text)?.[1] ?? 'unknown';
  const ui = /UI ([\d.]+)/.exec(text)?.[1] ?? 'unknown';
  return { name: `Temporal ${server}, Web UI ${ui}`, path: file };
}

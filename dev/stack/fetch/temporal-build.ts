import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seconds } from '../reporter';
import { runTool } from '../run-tool';

/** The newest that can be built as a dependency: later ones replace a module in their go.mod. Server 1.29.1, Web UI 2.42.1. */
export const builtVersion = '1.5.1';

/**
 * Newer than the CLI asks for (1.34.1), with which one query cancelled at the wrong instant made SQLite answer
 * "interrupted" to every later one: the dev server stayed up, knew no namespace and never came back. Clients with
 * deadlines brought that about within seconds.
 */
export const sqliteVersion = '1.44.3';

const goMod = `module nova-temporal-dev-server

go 1.24

require (
	github.com/temporalio/cli v${builtVersion}
	modernc.org/sqlite v${sqliteVersion}
)
`;

/** Builds the CLI into the folder `draft` with the program `go`. Says what it is doing at least every ten seconds: a silent three minutes looks like a hang. */
export async function buildTemporal(
  go: string,
  draft: string,
  detail: (text: string) => void,
  whatToDo: string,
): Promise<void> {
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
      file: go,
      args: ['build', '-v', '-mod=mod', '-o', join(draft, 'temporal'), 'github.com/temporalio/cli/cmd/temporal'],
      cwd: draft,
      // A GOOS, GOARCH or GOFLAGS of the user's own work must not change what is built here.
      env: { ...process.env, GOFLAGS: '', GOOS: '', GOARCH: '', GOWORK: 'off' },
      timeoutMs: 1_200_000,
      onLine: (line) => {
        if (!line.startsWith('go: ')) compiled += 1;
        latest = line.startsWith('go: ') ? line.slice(4) : `now ${line}`;
      },
      whatToDo,
    });
  } finally {
    clearInterval(clock);
  }
}

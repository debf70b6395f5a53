import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { previousVersion } from '../../upgrade/previous-version';
import { type Links } from './links';
import { type Program } from './managed-process';

/** The release before this one, ready to be run beside it. */
export interface ReleaseBefore {
  readonly bridge: Program;
  readonly workers: Program;
  remove(): void;
}

/**
 * Its sources from the history of this checkout, and its workflow bundle, so that a worker of it is up soon. Its processes
 * have the settings of today's and the one login it knew, that of the administrator: the tables are in the schema of that
 * login's name, so it finds them without knowing of schemas.
 */
export async function prepareReleaseBefore(
  links: Pick<Links, 'addresses' | 'listening'>,
  environment: Readonly<Record<string, string>>,
): Promise<ReleaseBefore> {
  const previous = previousVersion();
  try {
    const bundling = ['--import', 'tsx', join(previous.folder, 'workers/build-bundle.ts')];
    await promisify(execFile)(process.execPath, bundling, { cwd: previous.folder, timeout: 120_000 });
    const settings = {
      ...environment,
      DATABASE_URL: links.addresses.databaseUrl,
      OUTBOX_LISTEN_URL: links.listening(links.addresses.databaseUrl),
      // Its own, which was just made.
      WORKFLOW_BUNDLE: '',
    };
    const program = (entry: string): Program => ({ entry: join(previous.folder, entry), environment: settings });
    return {
      bridge: program('outbox-bridge/main.ts'),
      workers: program('workers/main.ts'),
      remove: () => previous.remove(),
    };
  } catch (thrown) {
    previous.remove();
    throw thrown;
  }
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../paths';
import { fetchDebianPackage } from './debian-package';

const whatToDo =
  'Install the Debian packages prometheus and prometheus-alertmanager, or leave out the tests of monitoring.';

/** Prometheus and promtool, the programs. */
export async function fetchPrometheus(
  env: Env,
  detail: (text: string) => void,
): Promise<{ readonly prometheus: string; readonly promtool: string }> {
  const home = await fetchDebianPackage(
    { name: 'prometheus', isWhole: (folder) => existsSync(join(folder, 'usr/bin/promtool')), whatToDo },
    env,
    detail,
  );
  return { prometheus: join(home, 'usr/bin/prometheus'), promtool: join(home, 'usr/bin/promtool') };
}

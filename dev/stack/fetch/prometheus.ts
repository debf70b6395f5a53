import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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

/** Where Debian's build reads its templates, and the same as a relative path of the same length. */
const [absolute, relative] = ['/usr/share/prometheus/alertmanager', 'usr/share/prometheus/alertmanager/'];

/**
 * The Alertmanager; run it in `home`. Debian's build reads its templates below /usr/share, where only root may lay them: in this copy of
 * the program the path begins in the folder that it runs in.
 */
export async function fetchAlertmanager(
  env: Env,
  detail: (text: string) => void,
): Promise<{ readonly alertmanager: string; readonly home: string }> {
  const isWhole = (folder: string) => existsSync(join(folder, relative, 'default.tmpl'));
  const home = await fetchDebianPackage({ name: 'prometheus-alertmanager', isWhole, whatToDo }, env, detail);
  const alertmanager = join(home, 'alertmanager-here');
  if (!existsSync(alertmanager)) {
    const bytes = readFileSync(join(home, 'usr/bin/prometheus-alertmanager'));
    for (let at = bytes.indexOf(absolute); at >= 0; at = bytes.indexOf(absolute, at + 1)) bytes.write(relative, at);
    const draft = `${alertmanager}.${process.pid}`;
    writeFileSync(draft, bytes, { mode: 0o755 });
    renameSync(draft, alertmanager);
  }
  return { alertmanager, home };
}

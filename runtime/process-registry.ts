import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { setting } from './config';

/** Which build a process is. */
export const buildSettings = {
  buildCommit: setting.text(
    'NOVA_BUILD_COMMIT',
    'Commit that this was built from, for `nova_build_info`; the image sets it.',
    {
      fallback: 'unknown',
    },
  ),
} as const;

/** A registry with what every process has: its own figures (`process_*`, `nodejs_*`), and which build it is. */
export function processRegistry({ buildCommit: commit }: { readonly buildCommit: string }): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  createBuildInfo(registry).set({ version: productVersion(), commit, node: process.versions.node }, 1);
  return registry;
}

export function createBuildInfo(registry: Registry) {
  return new Gauge({
    name: 'nova_build_info',
    help: 'Always 1: the version and the commit of this process, and its Node.js. Of bridges and of workers.',
    labelNames: ['version', 'commit', 'node'] as const,
    registers: [registry],
  });
}

/** From package.json, which is one folder above the sources, and two above what the build makes of them. */
function productVersion(): string {
  const file = ['..', '../..'].map((up) => join(__dirname, up, 'package.json')).find(existsSync);
  return file === undefined ? 'unknown' : (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dashboardFiles } from '../dashboards/boards';
import { runbookPage } from './alarms';
import { asyncApiFile } from './asyncapi';
import { configurationPage } from './configuration';
import { demoPage } from './demo-checks';
import { timeLimitsPage } from './time-limits';
import { metricsPage } from './metrics';
import { eventsPage, failuresPage, schemaFiles, temporalErrorsPage } from './pages';

const root = join(__dirname, '../..');

/** Every generated file as it should be now: path from the root → content. */
export async function generatedFiles(): Promise<Record<string, string>> {
  return {
    'docs/events.md': eventsPage(),
    'docs/failures.md': failuresPage(),
    'docs/temporal-errors.md': temporalErrorsPage(),
    'docs/metrics.md': await metricsPage(),
    'docs/time-limits.md': timeLimitsPage(),
    'docs/configuration.md': configurationPage(),
    'docs/asyncapi.json': asyncApiFile(),
    'docs/demo.md': demoPage(read('docs/demo.md') ?? ''),
    'docs/runbook.md': runbookPage(read('docs/runbook.md') ?? ''),
    ...schemaFiles(),
    ...dashboardFiles(),
  };
}

/** Paths of generated files that are stale, missing, or no longer generated. */
export async function staleFiles(): Promise<string[]> {
  const files = await generatedFiles();
  const stale = Object.entries(files).filter(([path, content]) => read(path) !== content);
  const orphans = ['docs/events', 'monitoring/dashboards']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => !(path in files));
  return [...stale.map(([path]) => path), ...orphans];
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

async function writeAll(): Promise<void> {
  const files = await generatedFiles();
  for (const folder of ['docs/events', 'monitoring/dashboards'])
    rmSync(join(root, folder), { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

if (require.main === module) void writeAll();

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { maintenanceWorkflows } from '../../contracts/maintenance';
import { workflowTypes } from '../../contracts/workflow-types';

const root = join(__dirname, '../..');
const folder = join(root, 'test/replay/histories');

/**
 * Saves histories of finished runs as the replay tests' fixtures: for each workflow type up to three runs that differ in
 * their events. Run it against a namespace in which `npm run demo -- --keep` has just run:
 *
 *   TEMPORAL_ADDRESS=… npx tsx dev/histories/capture.ts
 *
 * Histories hold ids only, never content or e-mail, so they may be committed.
 */
async function main(): Promise<void> {
  const connection = await Connection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233' });
  const client = new Client({ connection, namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'nova' });
  mkdirSync(folder, { recursive: true });
  for (const type of Object.keys({ ...workflowTypes, ...maintenanceWorkflows })) {
    const shapes = new Set<string>();
    let looked = 0;
    for await (const run of client.workflow.list({ query: `WorkflowType='${type}' AND ExecutionStatus='Completed'` })) {
      if (shapes.size >= 3 || looked++ > 300) break;
      const history = await client.workflow.getHandle(run.workflowId, run.runId).fetchHistory();
      const shape = (history.events ?? []).map((event) => event.eventType).join(' ');
      if (shapes.has(shape)) continue;
      shapes.add(shape);
      // Stack traces name the checkout.
      const json = historyToJSON(history).replaceAll(`${root}/`, '');
      writeFileSync(join(folder, `${type}-v1-${shapes.size}.json`), json);
    }
    console.log(`${type}: ${shapes.size} histories`);
  }
  await connection.close();
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});

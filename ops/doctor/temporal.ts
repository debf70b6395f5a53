import { databaseNowMs } from '../../runtime/postgres';
import { checkDeployment } from '../../runtime/deployment';
import { grpcStatusOf } from '../../runtime/service-error';
import { missingSearchAttributes } from '../../runtime/search-attributes';
import { lookAtTaskQueues } from '../../runtime/task-queues';
import { goneWorkers, workerProcesses } from '../../runtime/worker-processes';
import { readRetentionMs } from '../../runtime/temporal-retention';
import { NovaError } from '../../contracts/failures';
import { auditSchedule } from '../../runtime/audit-schedule';
import { type Connections } from '../connections';
import { type Check, fault, lookAtServer, ok, warning } from './check';

const dayMs = 86_400_000;
/** Below it a run is forgotten before a person has come back from a weekend. */
const retentionWantedMs = 7 * dayMs;
const callMs = 5_000;

/** What the namespace must have, and who works on its queues. */
export async function checkTemporal({ connection, config, pool, outboxes, schedules }: Connections): Promise<Check[]> {
  const { temporalNamespace: namespace, taskQueuePrefix, temporalAddress } = config;
  const reach = {
    work: async () => {
      const { serverVersion } = await connection.withDeadline(Date.now() + callMs, () =>
        connection.workflowService.getSystemInfo({}),
      );
      return `Temporal ${serverVersion}`;
    },
    cure: `start it, or correct TEMPORAL_ADDRESS (${temporalAddress})`,
  };
  return lookAtServer('Temporal', reach, {
    namespace: async () => {
      const retentionMs = await readRetentionMs(connection, namespace).catch((thrown: unknown) => {
        if (grpcStatusOf(thrown) !== 'NOT_FOUND') throw thrown;
        return null;
      });
      if (retentionMs === null) {
        return fault(
          `there is none called ${namespace}`,
          'correct TEMPORAL_NAMESPACE, or npx nova setup, then npm run migrate',
        );
      }
      const days = retentionMs / dayMs;
      const says = `${namespace} remembers closed runs for ${days.toFixed(1)} days`;
      if (days * dayMs >= retentionWantedMs) return ok(says);
      return warning(says, `temporal operator namespace update --namespace ${namespace} --retention 30d`);
    },
    'search attributes': async () => {
      const missing = await missingSearchAttributes(connection, namespace);
      if (missing.length === 0) return ok('all are registered');
      return fault(`without ${missing.join(', ')}: starts fail`, 'npx nova setup');
    },
    deployment: async () => {
      try {
        await checkDeployment(pool, connection, { temporalNamespace: namespace, taskQueuePrefix });
        for (const outbox of outboxes.names)
          await checkDeployment(outboxes.of({ outbox }), connection, {
            temporalNamespace: namespace,
            taskQueuePrefix,
            outbox,
          });
        return ok('the databases belong to this namespace and prefix');
      } catch (thrown) {
        if (!(thrown instanceof NovaError)) throw thrown;
        return fault(thrown.message, 'docs/runbook.md, The wrong deployment');
      }
    },
    'task queues': async () => {
      const nowMs = await databaseNowMs(pool).catch(() => Date.now());
      const gone = await workerProcesses(pool).then(goneWorkers, () => null);
      const looks = await lookAtTaskQueues(connection, { namespace, taskQueuePrefix, nowMs }, gone);
      const left = [...new Set(looks.filter(({ served }) => !served).map(({ queue }) => queue))];
      if (left.length === 0) return ok('workers take from every queue');
      return fault(
        `no worker takes from ${left.join(', ')}`,
        'start workers: npm run workers; WORKER_QUEUES says which',
      );
    },
    audit: async () => {
      const { state, note } = await auditSchedule(schedules, taskQueuePrefix);
      if (state === 'runs') return ok('it runs by its schedule');
      if (state === 'unknown') throw new Error('Temporal does not say');
      const says =
        state === 'paused' ? `its schedule is paused${note === null ? '' : `: ${note}`}` : 'it has no schedule';
      return warning(
        says,
        state === 'paused' ? 'unpause it in the Web UI' : 'workers of the maintenance queue make it',
      );
    },
  });
}

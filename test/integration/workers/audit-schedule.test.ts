import { type Client } from '@temporalio/client';
import { auditScheduleId, maintenanceQueue } from '../../../contracts/maintenance';
import { keepAuditSchedule } from '../../../workers/schedules';
import { createTestDatabase } from '../../support/database';
import { runOps } from '../../support/ops-command';
import { createTestClient, testQueuePrefix } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let client: Client;
const prefixes: string[] = [];
beforeAll(async () => (client = await createTestClient()));
afterAll(async () => {
  for (const prefix of prefixes)
    await client.schedule
      .getHandle(auditScheduleId(prefix))
      .delete()
      .catch(() => undefined);
  await client.connection.close();
});

const configured = (auditEverySeconds: number, taskQueuePrefix = testQueuePrefix()) => {
  prefixes.push(taskQueuePrefix);
  return { auditEverySeconds, taskQueuePrefix, workerQueues: ['maintenance'] as const };
};
const described = (prefix: string) => client.schedule.getHandle(auditScheduleId(prefix)).describe();

describe('the schedule of the audit', () => {
  it('is one, however many processes keep it, and never overlaps itself', async () => {
    const config = configured(300);
    await Promise.all(Array.from({ length: 10 }, () => keepAuditSchedule(client, config)));
    const { spec, action, policies, state } = await described(config.taskQueuePrefix);
    expect(spec.intervals).toMatchObject([{ every: 300_000 }]);
    expect(action).toMatchObject({
      workflowType: 'auditWorkflow',
      taskQueue: maintenanceQueue(config.taskQueuePrefix),
    });
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 60_000 });
    expect(state.paused).toBe(false);
    // Nothing renews it: it ends by itself.
    expect(spec.endAt!.getTime()).toBeLessThan(Date.now() + 2 * 86_400_000);
  });

  it('follows the configuration and keeps the pause that a person set', async () => {
    const config = configured(300);
    await keepAuditSchedule(client, config);
    await client.schedule.getHandle(auditScheduleId(config.taskQueuePrefix)).pause('looking into it');
    await keepAuditSchedule(client, { ...config, auditEverySeconds: 60 });
    expect(await described(config.taskQueuePrefix)).toMatchObject({
      spec: { intervals: [{ every: 60_000 }] },
      state: { paused: true, note: 'looking into it' },
    });
  });

  it('is said by the status, paused or not, with the note of the person who paused it', async () => {
    const database = await createTestDatabase();
    try {
      const config = configured(300);
      const status = async () => {
        const environment = { DATABASE_URL: database.url, TASK_QUEUE_PREFIX: config.taskQueuePrefix };
        const { code, stdout } = await runOps(environment, 'status');
        return [code, stdout.trim().split('\n').at(-1)] as const;
      };
      expect((await status())[1]).toBe('no audit is scheduled');
      await keepAuditSchedule(client, config);
      expect((await status())[1]).toBe('audit every 300 s');
      await client.schedule.getHandle(auditScheduleId(config.taskQueuePrefix)).pause('looking into it');
      expect(await status()).toEqual([
        1,
        'the schedule of the audit is PAUSED (looking into it): nothing is audited until a person ends the pause in the Web UI',
      ]);
    } finally {
      await database.drop();
    }
  });

  it('is not touched again while it is current', async () => {
    const config = configured(300);
    await keepAuditSchedule(client, config);
    const before = await described(config.taskQueuePrefix);
    await keepAuditSchedule(client, config);
    expect((await described(config.taskQueuePrefix)).spec.endAt).toEqual(before.spec.endAt);
  });

  it('is gone when switched off, also when there was none', async () => {
    const config = configured(300);
    await keepAuditSchedule(client, config);
    await keepAuditSchedule(client, { ...config, auditEverySeconds: 0 });
    await waitFor(async () =>
      described(config.taskQueuePrefix).then(
        () => false,
        () => true,
      ),
    );
    await keepAuditSchedule(client, { ...config, auditEverySeconds: 0 });
  });
});

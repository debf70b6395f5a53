import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { maintenanceWorkflows } from '../../contracts/maintenance';
import { workflowTypes } from '../../contracts/workflow-types';
import { quietRuntime, workflowBundle } from '../support/temporal';

interface History {
  events: {
    eventType: string;
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
    markerRecordedEventAttributes?: unknown;
  }[];
}

const folder = join(__dirname, 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as History;

beforeAll(() => quietRuntime());

const replay = async (history: unknown) => Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);

describe('committed histories', () => {
  it('exist for every workflow type', () => {
    const types = Object.keys({ ...workflowTypes, ...maintenanceWorkflows });
    expect(types.filter((type) => !files.some((file) => file.startsWith(`${type}-`)))).toEqual([]);
  });

  it.each(files)('%s replays on today’s code', async (file) => {
    await expect(replay(read(file))).resolves.toBeUndefined();
  });

  it('altered as an incompatible change of code would, fails to replay: the check can fail', async () => {
    const file = files.find((name) =>
      read(name).events.some((event) => event.activityTaskScheduledEventAttributes !== undefined),
    );
    const history = read(file!);
    for (const event of history.events) {
      if (event.activityTaskScheduledEventAttributes)
        event.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
    }
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});

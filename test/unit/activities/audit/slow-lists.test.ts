import { type Client } from '@temporalio/client';
import { TemporalAuditRuns } from '../../../../activities/audit/temporal-audit-runs';

const deadlineExceeded = Object.assign(new Error('4 DEADLINE_EXCEEDED: Deadline exceeded after 10.000s'), {
  code: 4,
  details: 'Deadline exceeded',
  metadata: {},
});

/** A server with so many runs, which replies in time to pages of at most `inTime` of them, and counts what it is asked for. */
function slowServer(runs: number, inTime: () => number) {
  const asked: number[] = [];
  const run = (i: number) => ({
    ...{ workflowId: String(i), runId: 'r', type: 'emitWorkflow', status: { name: 'COMPLETED' } },
    ...{ startTime: new Date(0), searchAttributes: {}, memo: {} },
  });
  async function* list({ pageSize }: { readonly pageSize: number }) {
    for (let i = 0; i < runs; i++) {
      if (i % pageSize === 0) {
        asked.push(pageSize);
        if (pageSize > inTime()) throw deadlineExceeded;
      }
      yield run(i);
    }
  }
  const client = {
    withDeadline: <T>(_deadline: number, work: () => Promise<T>) => work(),
    workflow: { list },
  } as unknown as Client;
  const options = { taskQueuePrefix: 'x', listsPerSecond: 1e6, deadlineMs: 1 };
  return { asked, runs: new TemporalAuditRuns(client, options) };
}

async function idsOf(pages: AsyncIterable<readonly { readonly workflowId: string }[]>): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of pages) ids.push(...page.map(({ workflowId }) => workflowId));
  return ids;
}
const all = (runs: number) => Array.from({ length: runs }, (_, i) => String(i));

it('asks a server that is slow for less at once, until it replies in time', async () => {
  const { runs, asked } = slowServer(300, () => 130);
  expect(await idsOf(runs.started(0, 1))).toEqual(all(300));
  expect(asked).toEqual([500, 125, 125, 125]);
  // And does not begin again with what was too much.
  asked.length = 0;
  expect(await idsOf(runs.started(0, 1))).toEqual(all(300));
  expect(asked).toEqual([125, 125, 125]);
});

it('asks for more again when the server has been quick for a while', async () => {
  let inTime = 130;
  const { runs, asked } = slowServer(5_000, () => inTime);
  await idsOf(runs.started(0, 1));
  inTime = 500;
  for (let i = 0; i < 3; i++) await idsOf(runs.started(0, 1));
  expect(asked.at(-1)).toBe(500);
});

it('yields nothing twice when the server becomes slow in the middle: the whole is tried again', async () => {
  let pages = 0;
  const { runs } = slowServer(2_000, () => (++pages > 2 ? 100 : 500));
  const seen: string[] = [];
  await expect(
    (async () => {
      for await (const page of runs.started(0, 1)) seen.push(...page.map(({ workflowId }) => workflowId));
    })(),
  ).rejects.toThrow('DEADLINE_EXCEEDED');
  expect(seen).toEqual(all(1_000));
});

it('gives up where even the smallest question gets no reply', async () => {
  const { runs, asked } = slowServer(100, () => 0);
  await expect(idsOf(runs.started(0, 1))).rejects.toThrow('DEADLINE_EXCEEDED');
  expect(asked).toEqual([500, 125, 31, 25]);
});

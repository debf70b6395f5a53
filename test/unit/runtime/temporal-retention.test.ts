import { readRetentionMs, rememberedMs } from '../../../runtime/temporal-retention';

const day = 86_400_000;
const namespaceWith = (workflowExecutionRetentionTtl: unknown) =>
  ({
    withDeadline: (_at: number, call: () => unknown) => call(),
    workflowService: { describeNamespace: async () => ({ config: { workflowExecutionRetentionTtl } }) },
  }) as never;

it('a namespace that names no retention counts as one of a day, for the bridge and for the audit', async () => {
  expect(await readRetentionMs(namespaceWith({ seconds: 3 * 86_400 }), 'n')).toBe(3 * day);
  expect(await readRetentionMs(namespaceWith(null), 'n')).toBe(day);
  expect(await readRetentionMs(namespaceWith({ seconds: 0 }), 'n')).toBe(day);
});

it('the margin never eats more than half of the retention', () => {
  expect(rememberedMs(1, 7 * day)).toBe(7 * day - 3_600_000);
  expect(rememberedMs(48)).toBe(day / 2);
});

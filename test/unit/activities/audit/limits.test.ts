import { auditLimits, openBudgetMs, shortestOpenMs } from '../../../../activities/audit/limits';
import { workflowTypes } from '../../../../contracts/workflow-types';

const claimWindowMs = 3_600_000;
const limits = auditLimits({ settleMs: 60_000, graceMs: 10_000, claimWindowMs });

describe('the budgets', () => {
  it('exist for every workflow type, shorter for what is urgent', () => {
    expect(Object.keys(limits.openMs).sort()).toEqual(Object.keys(workflowTypes).sort());
    expect(openBudgetMs(limits, 'emitWorkflow', 'critical')).toBeLessThan(
      openBudgetMs(limits, 'emitWorkflow', 'normal'),
    );
    expect(openBudgetMs(limits, 'emitWorkflow', 'low')).toBeGreaterThan(openBudgetMs(limits, 'emitWorkflow', 'normal'));
  });

  it('let an upload wait for its post the whole window, whatever its priority', () => {
    for (const priority of ['critical', 'high', 'normal', 'low', undefined])
      expect(openBudgetMs(limits, 'mediaLinkWorkflow', priority)).toBeGreaterThan(claimWindowMs);
  });

  it('give a type that is not ours the longest, and ask visibility for the shortest of each', () => {
    expect(openBudgetMs(limits, 'someWorkflow', undefined)).toBe(Math.max(...Object.values(limits.openMs)));
    for (const [type, ms] of shortestOpenMs(limits))
      expect(ms).toBeLessThanOrEqual(openBudgetMs(limits, type, 'critical'));
  });
});

import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { type SearchAttributeName } from '../../contracts/search-attributes';
import { type WorkflowResult } from '../../contracts/signals';

const name: SearchAttributeName = 'Outcome';
const outcomeKey = defineSearchAttributeKey(name, 'KEYWORD');

/** Makes an ending other than `done` listable. Plain success costs nothing: it stays without the attribute. */
export function recordOutcome(outcome: WorkflowResult['outcome']): void {
  if (outcome !== 'done') upsertSearchAttributes([{ key: outcomeKey, value: outcome }]);
}

import { defineSearchAttributeKey } from '@temporalio/common';
import { patched, upsertSearchAttributes } from '@temporalio/workflow';
import { type FailureCode, failures } from '../../contracts/failures';
import { type SearchAttributeName } from '../../contracts/search-attributes';

const name: SearchAttributeName = 'FailureCode';
const failureCodeKey = defineSearchAttributeKey(name, 'KEYWORD');

/** The code that a reason begins with; null: none of docs/failures.md. */
export function codeIn(reason: string | null): FailureCode | null {
  const code = reason?.split(':')[0] ?? '';
  return Object.hasOwn(failures, code) ? (code as FailureCode) : null;
}

/** Makes a run listable by why it failed or waits. What goes well costs nothing: it never gets the attribute. */
export class FailureCodeAttribute {
  private shown: FailureCode | null = null;

  /** Null: nothing is wrong any more. Runs begun by the versions before replay without the attribute, and get it from then on. */
  show(code: FailureCode | null): void {
    if (code === this.shown || !patched('failure-code')) return;
    upsertSearchAttributes([{ key: failureCodeKey, value: code }]);
    this.shown = code;
  }
}

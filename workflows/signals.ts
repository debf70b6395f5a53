import { type RawValue, type TypeInfo, rawValueTypeInfo } from '@temporalio/common';
import { defineSignal } from '@temporalio/workflow';
import { signals } from '../contracts/signals';

/**
 * However many arguments a signal has, each is left as it came. The SDK decodes them before it calls a handler or an
 * interceptor, and what it cannot decode fails the workflow task again and again: anyone who may signal could block a
 * run. Only signals are read like this. An activity result or a workflow argument that is no JSON still fails with an
 * error.
 */
const leftAsTheyCame: readonly TypeInfo[] = new Proxy<TypeInfo[]>([], {
  get: (list, key, receiver) =>
    typeof key === 'string' && /^\d+$/.test(key) ? rawValueTypeInfo : (Reflect.get(list, key, receiver) as unknown),
});
const options = { typeInfo: { inputTypes: leftAsTheyCame } };

export const deletedSignal = defineSignal<RawValue[]>(signals.deleted, options);
export const mediaClaimedSignal = defineSignal<RawValue[]>(signals.mediaClaimed, options);

import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { missingSearchAttributes } from '../runtime/search-attributes';

const { IndexedValueType } = temporal.api.enums.v1;

/** Registers what is missing on the namespace; returns the names added. A start with an unregistered one is refused. */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return [];
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map((name) => [name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD])),
  });
  return missing;
}

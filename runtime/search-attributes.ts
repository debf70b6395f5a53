import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { searchAttributes } from '../contracts/search-attributes';

const keyword = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/** Names of our search attributes that the namespace does not have, or has as another type. */
export async function missingSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.withDeadline(Date.now() + 5_000, () =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  return Object.keys(searchAttributes).filter((name) => customAttributes[name] !== keyword);
}

/** What people must know of missing ones, and what to do. */
export function notRegistered(missing: readonly string[], namespace: string): string {
  return `${missing.join(', ')} not registered as Keyword on namespace ${namespace}; run \`npx nova setup\``;
}

import { Connection } from '@temporalio/client';
import { searchAttributes } from '../../../contracts/search-attributes';
import type { StackAddresses } from '../addresses';
import type { Answer } from '../servers/server';

export async function askTemporal(addresses: StackAddresses): Promise<Answer> {
  return withConnection(addresses.temporalAddress, async (connection) => {
    const namespace = addresses.temporalNamespace;
    const info = await connection.workflowService.getSystemInfo({});
    await connection.workflowService.describeNamespace({ namespace });
    const missing = await missingSearchAttributes(connection, namespace);
    if (addresses.temporalUiUrl !== null) await askUi(addresses.temporalUiUrl);
    const note = `search attributes not registered: ${missing.join(', ')} (npm run migrate does it)`;
    return { version: info.serverVersion || 'unknown', ...(missing.length > 0 ? { note } : {}) };
  });
}

async function missingSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(searchAttributes).filter((name) => !(name in (customAttributes ?? {})));
}

/** Runs `work` with a connection and a deadline on every call, and closes it. */
export async function withConnection<T>(address: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address, connectTimeout: '3s' });
  try {
    return await connection.withDeadline(Date.now() + 5_000, () => work(connection));
  } finally {
    await connection.close();
  }
}

async function askUi(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`the Web UI at ${url} replies with ${response.status}`);
}

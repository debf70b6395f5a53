import { type StackAddresses } from '../../dev/stack/addresses';
import { stackId } from '../../dev/stack/paths';

/** Name of the variable by which globalSetup hands the addresses of the test stack to every test file. */
export const serversVariable = 'NOVA_TEST_SERVERS';

/** A database migrated once per run; test databases are copies of it. One per checkout: two may share a server. */
export const templateDatabase = `nova_${stackId('template').replaceAll('-', '_')}`;

/** Addresses of the real servers this run uses. */
export function servers(): StackAddresses {
  const text = process.env[serversVariable];
  if (text === undefined)
    throw new Error(`${serversVariable} is not set: run the tests through jest, whose globalSetup starts the servers`);
  return JSON.parse(text) as StackAddresses;
}

/** The same server, another database. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.toString();
}

/** Of the servers that a run starts: one per checkout, kept with NOVA_TEST_STACK_KEEP=1; a drill has its own. */
export const testStack = process.env['NOVA_TEST_STACK'] ?? 'test';

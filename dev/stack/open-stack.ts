import { join } from 'node:path';
import type { StackAddresses } from './addresses';
import type { Env, StackFolder } from './paths';
import { fromBirthNote, isAlive, type ProcessRef } from './processes';
import type { Reporter } from './reporter';
import { addressesOf } from './servers/addresses-of';
import type { ServerName } from './servers/server';
import { writeRecord, type ServerRecord, type StackRecord } from './state-file';

/** One stack while a command works on it. */
export interface OpenStack {
  readonly folder: StackFolder;
  readonly record: StackRecord;
  readonly env: Env;
  readonly report: Reporter;
}

export function addresses(stack: OpenStack): StackAddresses {
  return addressesOf(stack.env, stack.record.ports);
}

export function save(stack: OpenStack): void {
  writeRecord(stack.folder.stateFile, stack.record);
}

export function remember(stack: OpenStack, server: ServerName, entry: ServerRecord): void {
  stack.record.servers[server] = entry;
  save(stack);
}

/** The server's process that this stack started and that still lives: from the record, else from its own birth note. */
export function livingProcess(stack: Pick<OpenStack, 'folder' | 'record'>, server: ServerName): ProcessRef | null {
  const recorded = stack.record.servers[server]?.process;
  return isAlive(recorded) ? recorded : fromBirthNote(birthNote(stack.folder, server));
}

export const dataFolder = (folder: StackFolder, server: ServerName) => join(folder.root, server);
export const logFile = (folder: StackFolder, server: ServerName) => join(folder.logs, `${server}.log`);
export const birthNote = (folder: StackFolder, server: ServerName) => join(folder.births, `${server}.pid`);

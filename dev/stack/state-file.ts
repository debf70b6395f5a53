import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Ports } from './ports';
import type { ProcessRef } from './processes';
import type { Profile, Program, ServerName } from './servers/server';

/** A server that an `up` of this stack started. */
export interface ServerRecord {
  readonly how: 'docker' | 'local';
  readonly program: Pick<Program, 'name' | 'path'>;
  /** Null for Docker, whose engine keeps it. */
  readonly process: ProcessRef | null;
  readonly startedAt: string;
}

/** What is remembered of a stack between commands: `<state>/stack.json`. */
export interface StackRecord {
  readonly name: string;
  profile: Profile;
  /** Kept after `down`, so that the next `up` has the same addresses. */
  ports: Ports;
  servers: Partial<Record<ServerName, ServerRecord>>;
  /** Whether there may be volumes in Docker, which only `down --wipe` removes. */
  hasVolumes?: boolean;
}

export function emptyRecord(name: string, profile: Profile = 'durable'): StackRecord {
  return { name, profile, ports: {}, servers: {} };
}

/** The record, or null when there is none or it cannot be read: then the servers' birth notes still name them. */
export function readRecord(file: string): StackRecord | null {
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8')) as Partial<StackRecord> | null;
    if (parsed === null || typeof parsed !== 'object' || typeof parsed.name !== 'string') return null;
    return { ...emptyRecord(parsed.name), ...parsed };
  } catch {
    return null;
  }
}

/** Replaces the record in one step: a reader, or a crash, sees the old one or the new one. */
export function writeRecord(file: string, record: StackRecord): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}.next`;
  writeFileSync(next, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(next, file);
}

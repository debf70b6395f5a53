import type { StackAddresses } from '../addresses';
import type { Env } from '../paths';
import type { PortName, Ports } from '../ports';
import type { Command } from '../processes';

/** Whether the servers keep what they hold across crashes, or are as quick as they can be. */
export type Profile = 'durable' | 'test';

export const serverNames = ['postgres', 'redis', 'kafka', 'temporal'] as const;
export type ServerName = (typeof serverNames)[number];

/** What a server replied to a real request. */
export interface Answer {
  readonly version: string;
  /** Something that works but that the reader should know. */
  readonly note?: string;
}

/** A program of this machine, or one fetched for it. */
export interface Program {
  /** For people: what it is and its version. */
  readonly name: string;
  /** The folder or file that it is run from. */
  readonly path: string;
  /** Folders of shared libraries that came with it and are not on the machine (LD_LIBRARY_PATH). */
  readonly libraries?: string;
}

/** The variable by which a program finds the libraries that came with it. */
export function libraryPath({ libraries }: { readonly libraries?: string | undefined }): Record<string, string> {
  return libraries ? { LD_LIBRARY_PATH: libraries } : {};
}

/** Where a program is, or how it would be had: decided for all servers before anything slow begins. */
export type Located =
  | { readonly ready: Program }
  | { readonly fetch: (detail: (text: string) => void) => Promise<Program>; readonly title: string };

/** What a local server runs with. */
export interface Setting {
  readonly program: Program;
  /** The server's own data folder. */
  readonly data: string;
  readonly ports: Ports;
  readonly profile: Profile;
  readonly temporalNamespace: string;
  /** Port under which clients are to reach the broker: a proxy's, when there is one; else its own. */
  readonly kafkaAdvertisedPort?: number;
}

/** A server that this machine runs as a daemon. One implementation per server, one way to run them all (local.ts). */
export interface LocalServer {
  readonly name: ServerName;
  readonly title: string;
  readonly ports: readonly PortName[];
  /** The signal that makes it stop soon and cleanly. */
  readonly stopSignal: NodeJS.Signals;
  readonly startTimeoutMs: number;
  /** Finds the program without fetching, or throws the sentence that says what to install or set. */
  locate(env: Env): Promise<Located>;
  /** Fills a data folder that is new and empty. */
  create(setting: Setting): Promise<void>;
  /** Repairs what a crash left in a data folder that has been in use. */
  repair?(setting: Setting): void;
  command(setting: Setting): Command;
  /** Brings a running server to what the product expects of it (database, namespace, …); may be repeated. */
  furnish?(addresses: StackAddresses): Promise<void>;
}

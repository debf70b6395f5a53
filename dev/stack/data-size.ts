import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes that a folder takes on disk; what vanishes meanwhile, or is not ours to read, counts nothing. */
export function dataBytes(path: string): number {
  try {
    const stat = lstatSync(path);
    // Blocks, not length: Kafka's indexes are made long and stay mostly holes.
    if (!stat.isDirectory()) return stat.blocks * 512;
    return readdirSync(path).reduce((sum, name) => sum + dataBytes(join(path, name)), 0);
  } catch {
    return 0;
  }
}

import { join } from 'node:path';

/** Arguments of node, before those of the program, with which it runs TypeScript from source (source-hook.cjs). */
export const fromSource = ['--require', join(__dirname, 'source-hook.cjs')] as const;

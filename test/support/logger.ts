import { pino } from 'pino';
import { createLogger } from '../../runtime/logger';

/** For code under test that must be given a logger. */
export const silentLogger = createLogger('test', 'silent');

/** For tests of what the log says: its lines so far, in their order. */
export function recordingLogger() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { logger: pino({ level: 'debug' }, { write }), lines: () => lines };
}

import { createLogger } from './logger';

/** Levels at which the line is seen. */
const speaking = ['', 'trace', 'debug', 'info'];

/**
 * The first line of a process. It is written before the rest is loaded, Temporal's SDK above all: that takes a second, and a minute on
 * a busy machine, in which a slow start would look like a process that hangs.
 */
export function sayStarting(process: string, logLevel: string = ''): void {
  if (speaking.includes(logLevel.trim())) createLogger(process, 'info').info('starting');
}

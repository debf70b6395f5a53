import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * JSON lines on stdout. Redaction is the last fence, not the first: call sites log ids and codes only, and a test reads
 * the logs of a whole run for content and addresses.
 */
export function createLogger(process: string, level: string): Logger {
  return pino({
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ['payload', 'email', 'content', '*.payload', '*.email', '*.content', '*.caption'],
      censor: '(redacted)',
    },
  });
}

import fs from 'node:fs';
import { pino, type Logger } from 'pino';
import { traceFields } from './traces';

export type { Logger };

/**
 * JSON lines on stdout. Redaction is the last fence, not the first: call sites log ids and codes only, and a test reads
 * the logs of a whole run for content and addresses.
 */
export function createLogger(process: string, level: string): Logger {
  return pino(
    {
      level,
      base: { process },
      // Of the event that the code works for; a line that names another event says its trace itself.
      mixin: traceFields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['payload', 'email', 'content', '*.payload', '*.email', '*.content', '*.caption'],
        censor: '(redacted)',
      },
    },
    stdout(),
  );
}

/**
 * Standard output, written beside the work: a reader that is slow holds up no lease. What waits is written when the process ends. Where
 * the pipe has no reader any more (`| head`, a log shipper that died) that would be tried without end (sonic-boom 4), and the
 * process would never end: there it counts as written.
 */
function stdout(): pino.DestinationStream {
  const destination = pino.destination({ dest: 1, sync: false });
  const flush = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    const { writeSync } = fs;
    fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
      try {
        return writeSync(...args);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EPIPE') throw thrown;
        return Buffer.byteLength(args[1]);
      }
    }) as typeof writeSync;
    try {
      flush();
    } finally {
      fs.writeSync = writeSync;
    }
  };
  return destination;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { checkoutRoot } from '../../../dev/stack/paths';

/** Logs a line, and two when it reads `go`, so that one waits behind the other; then it ends by itself with code 7. */
const program = (level: 'info' | 'fatal'): string => `
  const { createLogger } = require('./runtime/logger');
  const logger = createLogger('test', 'info');
  logger.info('begun');
  process.stdin.once('data', () => {
    logger.info('on its way');
    logger.${level}('the last word');
    process.exit(7);
  });`;

/** In front of a real pipe; node gives its children sockets. `ended <code>` comes on standard error. */
function start(level: 'info' | 'fatal', reader: string): ChildProcess {
  const script = `{ "$NODE" --import tsx -e "$PROGRAM"; echo "ended $?" >&2; } | { ${reader}; }`;
  const env = { ...process.env, NODE: process.execPath, PROGRAM: program(level) };
  return spawn('sh', ['-c', script], { cwd: checkoutRoot, env, stdio: 'pipe' });
}

/** Says `go` at the first sign, and resolves with all that came when the program has ended. */
async function run(level: 'info' | 'fatal', reader: string, sign: string): Promise<string> {
  const child = start(level, reader);
  let [text, said] = ['', false];
  return new Promise((resolve) => {
    const hear = (data: Buffer) => {
      text += data.toString();
      if (text.includes(sign) && !said) said = child.stdin?.write('go\n') !== undefined;
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('close', () => resolve(text));
  });
}

describe.each(['info', 'fatal'] as const)('a process whose last line is of level %s', (level) => {
  it('ends when its log has no reader any more', async () => {
    expect(await run(level, 'head -n 1; exec <&-; echo gone >&2', 'gone')).toContain('ended 7');
  });

  it('has written it all when it ends', async () => {
    const text = await run(level, 'cat', 'begun');
    expect(text).toContain('the last word');
    expect(text).toContain('ended 7');
  });
});

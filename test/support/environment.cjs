const { TestEnvironment } = require('jest-environment-node');

const isWorker = process.send !== undefined;

/** Whether a file left something open in this process: it is said once, and not again of each file that follows. */
let isLeftOpen = false;

if (isWorker) {
  // A worker of jest ends when jest is gone. By itself it would go on with its file, with nothing to report to, and so would
  // the processes that it started.
  process.once('disconnect', () => process.exit(1));
  // Jest has a worker end by no longer listening to it. The line above listens too, which alone would keep the process alive.
  process.on('removeListener', (event) => {
    if (event !== 'message' || process.listenerCount('message') > 0) return;
    if (isLeftOpen) process.exit(0);
    process.channel?.unref();
  });
}

/**
 * Fails a test file that leaves something open: a server, a connection, a timer, a Temporal worker, a process. Node itself says
 * whether anything is: without its channel to jest, the worker would end here (`beforeExit`). What is about to close by itself
 * is waited for; `leftOpenAfterMs` is for what never does.
 *
 * Jest alone would name no file, and only warn, when it kills the worker at the end of the run. In a process of jest's own
 * (`--runInBand`, or a single file), where jest's own servers are open too, nothing is looked at.
 */
module.exports = class Environment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.leftOpenAfterMs = config.projectConfig.globals.leftOpenAfterMs ?? 300_000;
  }

  async handleTestEvent(event, state) {
    if (event.name !== 'run_finish' || !isWorker || isLeftOpen) return;
    isLeftOpen = !(await wouldEnd(this.leftOpenAfterMs));
    if (!isLeftOpen) return;
    const error = new Error(`left open by this file: ${whatIsOpen()} (\`npx jest --detectOpenHandles\` says more)`);
    error.stack = error.message;
    state.unhandledErrors.push(error);
  }
};

/** Whether this process would end, if jest had nothing more for it to do. */
function wouldEnd(withinMs) {
  return new Promise((resolve) => {
    const end = (would) => {
      clearTimeout(limit);
      process.off('beforeExit', onBeforeExit);
      process.channel?.ref();
      resolve(would);
    };
    const onBeforeExit = () => end(true);
    const limit = setTimeout(() => end(false), withinMs).unref();
    process.once('beforeExit', onBeforeExit);
    process.channel?.unref();
  });
}

/** In words, as far as Node can say: of timers only how many, of native code (Temporal's) nothing. */
function whatIsOpen() {
  const handles = process._getActiveHandles().filter((handle) => !isOfTheWorker(handle));
  const described = handles.map((handle) => {
    const name = handle.constructor.name;
    if (handle.spawnargs !== undefined) return `${name} ${handle.pid}: ${handle.spawnargs.join(' ').slice(0, 200)}`;
    if (handle.remotePort !== undefined) return `${name} to ${handle.remoteAddress}:${handle.remotePort}`;
    return typeof handle.address === 'function' ? `${name} on ${JSON.stringify(handle.address())}` : name;
  });
  const timers = process.getActiveResourcesInfo().filter((type) => /Timeout|Immediate/.test(type)).length;
  if (timers > 0) described.push(`timers: ${timers}`);
  return described.join('; ') || 'something native, such as a Temporal worker or connection';
}

/** The worker's standard streams and its channel to jest. */
function isOfTheWorker(handle) {
  const streams = [process.stdin, process.stdout, process.stderr];
  return streams.includes(handle) || handle === process.channel || handle.constructor.name === 'Pipe';
}

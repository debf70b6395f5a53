const { TestEnvironment } = require('jest-environment-node');

if (process.send !== undefined) {
  // A worker of jest ends when jest is gone. By itself it would go on with its file, with nothing to report to, and so would
  // the processes that it started.
  process.once('disconnect', () => process.exit(1));
  // Jest has a worker end by no longer listening to it. The line above listens too, which alone would keep the process alive.
  process.on('removeListener', (event) => {
    if (event === 'message' && process.listenerCount('message') === 0) process.channel?.unref();
  });
}

module.exports = TestEnvironment;

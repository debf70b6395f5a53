import { configFrom } from '../../runtime/config';
import { workerSettings } from '../../workers/settings';
import { WorkerGroup } from '../../workers/worker-group';
import { silentLogger } from './logger';
import { quietRuntime } from './temporal';

/**
 * A worker process that stops between its look at Temporal and the making of its workers: it sends `admitted`, and goes on
 * at the next message. Afterwards it sends its health at each change, and its error if it ends by itself. A process of its
 * own, because a Worker that was refused leaves threads behind, which keep jest from ending.
 */
async function main(): Promise<void> {
  quietRuntime();
  const say = (what: string) => process.send?.(what);
  const admission = async () => {
    const goOn = new Promise((resolve) => process.once('message', resolve));
    say('admitted');
    await goOn;
  };
  const group = new WorkerGroup(configFrom(workerSettings, process.env), {}, silentLogger, admission);
  group.ended.catch((thrown: unknown) => say(`ended: ${String(thrown)}`));
  process.once('disconnect', () => process.exit(0));
  await group.start();
  let before: string | null = 'NOT_STARTED';
  setInterval(() => {
    const { reason } = group.health();
    if (reason !== before) say(reason ?? 'ready');
    before = reason;
  }, 50);
}

void main();

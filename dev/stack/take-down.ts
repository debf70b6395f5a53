import { rmSync } from 'node:fs';
import { stopDocker } from './docker/run';
import { livingProcess, save, type OpenStack } from './open-stack';
import { stopProcess } from './processes';
import { reported } from './reporter';
import { localServers } from './servers/all';
import { serverNames } from './servers/server';

/** Stops what this stack started, and with `wipe` removes what it stored. */
export async function takeDown(stack: OpenStack, wipe: boolean): Promise<void> {
  const { record, report, folder } = stack;
  const runsInDocker = serverNames.some((server) => record.servers[server]?.how === 'docker');
  const inDocker = runsInDocker || (wipe && record.hasVolumes === true);
  const local = serverNames.map(async (server) => {
    const living = livingProcess(stack, server);
    if (living === null) return;
    await reported(report, server, `stopping ${localServers[server].title}`, async () => {
      await stopProcess(living, localServers[server].stopSignal, 20_000);
      return 'stopped';
    });
  });
  const docker = inDocker
    ? reported(report, 'docker', 'stopping the containers', () => stopDocker(stack, wipe).then(() => 'stopped'))
    : Promise.resolve();
  await Promise.all([...local, docker]);
  record.servers = {};
  if (wipe) rmSync(folder.root, { recursive: true, force: true });
  else save(stack);
}

import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { choosePorts, freePort, portIsFree, portVariable } from '../../../../dev/stack/ports';

const allFree = () => Promise.resolve(true);

describe('choosePorts', () => {
  it('keeps the port of last time while it is free', async () => {
    expect(await choosePorts(['redis'], { redis: 4001 }, {}, allFree)).toEqual({ redis: 4001 });
  });

  it('takes another when the port of last time belongs to someone else now', async () => {
    const { redis } = await choosePorts(['redis'], { redis: 4001 }, {}, (port) => Promise.resolve(port !== 4001));
    // Below the ports that outgoing connections are given.
    expect(redis).toBeGreaterThanOrEqual(20_000);
    expect(redis).toBeLessThan(32_768);
    expect(redis).not.toBe(4001);
  });

  it('prefers the port that its variable fixes over the one of last time', async () => {
    const env = { NOVA_STACK_PORT_TEMPORAL_UI: '8233' };
    expect(await choosePorts(['temporalUi'], { temporalUi: 4001 }, env, allFree)).toEqual({ temporalUi: 8233 });
  });

  it('refuses a fixed port that is taken, naming the variable', async () => {
    const choice = choosePorts(['kafka'], {}, { NOVA_STACK_PORT_KAFKA: '9092' }, () => Promise.resolve(false));
    await expect(choice).rejects.toMatchObject({ code: 'PORT_TAKEN', where: 'NOVA_STACK_PORT_KAFKA' });
  });

  it.each(['0', '65536', 'x', '80.5'])('refuses %s as a fixed port', async (value) => {
    const choice = choosePorts(['postgres'], {}, { NOVA_STACK_PORT_POSTGRES: value }, allFree);
    await expect(choice).rejects.toMatchObject({ code: 'BAD_SETTING', where: 'NOVA_STACK_PORT_POSTGRES' });
  });

  it('gives every server a port of its own, also where few are free', async () => {
    const few = (port: number) => Promise.resolve(port % 100 === 0);
    for (let i = 0; i < 100; i++) {
      const folder = mkdtempSync(join(tmpdir(), 'nova-ports-test-'));
      const chosen = await choosePorts(['postgres', 'redis', 'kafka', 'temporal'], {}, {}, few, { folder });
      rmSync(folder, { recursive: true });
      expect(new Set(Object.values(chosen)).size).toBe(4);
    }
  });
});

it('names the variable of each port', () => {
  expect(portVariable('postgres')).toBe('NOVA_STACK_PORT_POSTGRES');
  expect(portVariable('temporalUi')).toBe('NOVA_STACK_PORT_TEMPORAL_UI');
});

it('sees that a port is taken while a server listens on it', async () => {
  const server = createServer();
  // Not one that the system hands out: any outgoing connection of another test might have it the moment it is free.
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await portIsFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await portIsFree(port)).toBe(true);
});

it('gives a free port to one process alone, until that had time to listen on it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-ports-test-'));
  try {
    const picking = (...ports: number[]) => freePort(async () => true, { pick: () => ports.shift() ?? 0, folder });
    expect(await picking(20_001)).toBe(20_001);
    expect(await picking(20_001, 20_001, 20_002)).toBe(20_002);
    const longAgo = (Date.now() - 600_000) / 1_000;
    utimesSync(join(folder, '20001'), longAgo, longAgo);
    expect(await picking(20_001)).toBe(20_001);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { Redis } from 'ioredis';
import { asRedisError, createRedis } from '../../../runtime/redis';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy';
import { silentLogger } from '../../support/logger';
import { type OwnServer, startOwnServer } from '../../support/own-stack';
import { servers } from '../../support/servers';
import { type MovableAddress, startMovableAddress } from '../../support/standby';
import { waitFor } from '../../support/wait-for';

const portOf = (url: string): number => Number(new URL(url).port);
let redis: Redis;

afterEach(() => redis.disconnect());

describe('a Redis that vanished without a word', () => {
  let proxy: FaultProxy;
  beforeAll(async () => void (proxy = await startFaultProxy({ host: '127.0.0.1', port: portOf(servers().redisUrl) })));
  afterAll(() => proxy.close());

  it('is connected to again, instead of waiting for its replies without end', async () => {
    redis = createRedis({ url: `redis://127.0.0.1:${proxy.port}`, keyPrefix: 'test:', logger: silentLogger });
    await redis.connect();
    proxy.set('half-open');
    const failure = await redis.get('x').catch((thrown: unknown) => asRedisError(thrown));
    expect(failure).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    proxy.set('pass');
    // The old connection never carries anything again.
    await waitFor(async () => (await redis.ping()) === 'PONG', { what: 'a new connection' });
  });
});

describe('a Redis that became a replica', () => {
  let former: OwnServer;
  let address: MovableAddress;

  beforeAll(async () => {
    former = await startOwnServer('redis', 'replica');
    address = await startMovableAddress(portOf(former.addresses.redisUrl));
  });

  afterAll(async () => {
    await Promise.allSettled([address?.close()]);
    await former?.close();
  });

  it('is left for the one that the address leads to now', async () => {
    redis = createRedis({
      url: `redis://127.0.0.1:${address.port}`,
      keyPrefix: 'test:failover:',
      logger: silentLogger,
    });
    await redis.connect();
    await redis.set('x', '1', 'EX', 60);
    const operator = new Redis(former.addresses.redisUrl);
    await operator.replicaof('127.0.0.1', 1);
    operator.disconnect();
    address.moveTo(portOf(servers().redisUrl));
    const failure = await redis.set('x', '2', 'EX', 60).catch((thrown: unknown) => asRedisError(thrown));
    expect(failure).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await waitFor(async () => (await redis.set('x', '3', 'EX', 60)) === 'OK', { what: 'writing to the new primary' });
  });
});

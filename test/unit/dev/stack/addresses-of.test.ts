import { environmentOf } from '../../../../dev/stack/addresses';
import { addressesOf, isGiven } from '../../../../dev/stack/servers/addresses-of';

const ports = { postgres: 1001, redis: 1002, kafka: 1003, temporal: 1004, temporalUi: 1005 };

describe('addressesOf', () => {
  it('points at the ports of this stack when the environment gives nothing', () => {
    expect(addressesOf({}, ports)).toEqual({
      databaseUrl: 'postgres://nova:nova@127.0.0.1:1001/nova',
      redisUrl: 'redis://127.0.0.1:1002',
      kafkaBrokers: '127.0.0.1:1003',
      temporalAddress: '127.0.0.1:1004',
      temporalNamespace: 'nova',
      temporalUiUrl: 'http://127.0.0.1:1005',
    });
  });

  it('takes each given address by itself and keeps its own for the others', () => {
    const addresses = addressesOf({ REDIS_URL: 'redis://cache:6379', TEMPORAL_ADDRESS: 'temporal:7233' }, ports);
    expect(addresses).toMatchObject({
      databaseUrl: 'postgres://nova:nova@127.0.0.1:1001/nova',
      redisUrl: 'redis://cache:6379',
      kafkaBrokers: '127.0.0.1:1003',
      temporalAddress: 'temporal:7233',
    });
  });

  it('knows no Web UI of a given Temporal unless it is given too', () => {
    expect(addressesOf({ TEMPORAL_ADDRESS: 'temporal:7233' }, ports).temporalUiUrl).toBeNull();
    const env = { TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_UI_URL: 'https://ui' };
    expect(addressesOf(env, ports).temporalUiUrl).toBe('https://ui');
  });

  it('ignores the UI variable when Temporal is its own, whose UI it knows', () => {
    expect(addressesOf({ TEMPORAL_UI_URL: 'https://ui' }, ports).temporalUiUrl).toBe('http://127.0.0.1:1005');
  });

  it('uses the namespace of the environment in both cases', () => {
    expect(addressesOf({ TEMPORAL_NAMESPACE: 'staging' }, ports).temporalNamespace).toBe('staging');
  });

  it('takes an empty variable for an unset one', () => {
    expect(isGiven('kafka', { KAFKA_BROKERS: '' })).toBe(false);
    expect(addressesOf({ KAFKA_BROKERS: '' }, ports).kafkaBrokers).toBe('127.0.0.1:1003');
  });

  it('comes back the same through the environment of a process', () => {
    const addresses = addressesOf({}, ports);
    expect(addressesOf(environmentOf(addresses), {})).toEqual(addresses);
  });
});

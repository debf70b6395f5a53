import { type OutboxState, healthOf, readinessOf } from '../../../outbox-bridge/health';

const outbox = (name: string, state: string, reason: string | null = null): OutboxState => ({ name, state, reason });
const moving = outbox('content', 'polling');
const away = outbox('social', 'outage', 'DATABASE_UNAVAILABLE: gone');

describe('health', () => {
  it.each(['outage', 'refused', 'stuck'])('is bad while one outbox is in the state %s, and says why', (state) => {
    const ill = outbox('social', state, 'SOME_CODE: why');
    expect(healthOf([moving, ill], undefined)).toEqual({
      ok: false,
      reason: 'SOME_CODE: why',
      outboxes: [moving, ill],
    });
  });

  it.each(['polling', 'starting', 'stopping'])('is good when every outbox is in the state %s', (state) => {
    expect(healthOf([moving, outbox('social', state)], undefined)).toMatchObject({ ok: true, reason: null });
  });

  it('is bad with an alarm of the whole process, and one outbox’s own reason goes before it', () => {
    expect(healthOf([moving], 'SEARCH_ATTRIBUTE_MISSING: x')).toMatchObject({
      ok: false,
      reason: 'SEARCH_ATTRIBUTE_MISSING: x',
    });
    expect(healthOf([moving, away], 'SEARCH_ATTRIBUTE_MISSING: x')).toMatchObject({ ok: false, reason: away.reason });
  });

  it('names a reason of an outbox that goes on', () => {
    const said = outbox('social', 'polling', 'PARTITIONS: few');
    expect(healthOf([moving, said], undefined)).toMatchObject({ ok: true, reason: 'PARTITIONS: few' });
  });
});

describe('readiness', () => {
  it('needs one outbox that moves: one database that is down holds back no roll-out', () => {
    expect(readinessOf([away, moving], undefined)).toMatchObject({ ok: true, reason: away.reason });
    expect(readinessOf([away, outbox('content', 'starting')], undefined)).toMatchObject({ ok: true });
    expect(readinessOf([away, outbox('content', 'refused')], undefined)).toMatchObject({
      ok: false,
      reason: away.reason,
    });
  });

  it('is over while all outboxes stop, and not there before one has begun', () => {
    const none = [outbox('content', 'not started'), outbox('social', 'stopping')];
    expect(readinessOf(none, undefined)).toMatchObject({ ok: false, reason: 'NOT_RUNNING' });
    expect(readinessOf([...none, moving], undefined)).toMatchObject({ ok: true });
  });

  it('is not there with an alarm of the whole process', () => {
    expect(readinessOf([moving], 'SEARCH_ATTRIBUTE_MISSING: x')).toMatchObject({ ok: false });
  });
});

import { type Service, startAll, stopAll } from '../../../runtime/lifecycle';

function service(name: string, log: string[], fails: 'start' | 'stop' | undefined = undefined): Service {
  const act = (verb: 'start' | 'stop') => async () => {
    log.push(`${verb} ${name}`);
    if (fails === verb) throw new Error(`${name} cannot ${verb}`);
  };
  return { name, start: act('start'), stop: act('stop') };
}

describe('services', () => {
  it('start in order and stop in reverse', async () => {
    const log: string[] = [];
    const services = [service('a', log), service('b', log)];
    await startAll(services);
    await stopAll(services);
    expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('that do not start take down those that did, and say which', async () => {
    const log: string[] = [];
    await expect(startAll([service('a', log), service('b', log, 'start'), service('c', log)])).rejects.toThrow(
      'b did not start: b cannot start',
    );
    expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('all get their chance to stop, and the failures are gathered', async () => {
    const log: string[] = [];
    await expect(stopAll([service('a', log, 'stop'), service('b', log), service('c', log, 'stop')])).rejects.toThrow(
      /c did not stop cleanly.*a did not stop cleanly/,
    );
    expect(log).toEqual(['stop c', 'stop b', 'stop a']);
  });
});

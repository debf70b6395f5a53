import { type Logger } from 'pino';
import { type Service, startAll, stopAll } from '../../../runtime/lifecycle';
import { ChoreFailures, Periodic } from '../../../runtime/periodic';

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

describe('chores', () => {
  const said: string[] = [];
  const log =
    (level: string) =>
    ({ chore, error }: { chore: string; error: string }) =>
      void said.push(`${level} ${chore}: ${error}`);
  const logger = { warn: log('warn'), debug: log('debug') } as unknown as Logger;
  const turn = async (failures: ChoreFailures, name: string, error?: string) => {
    const work = async () => (error === undefined ? Infinity : Promise.reject(new Error(error)));
    const chore = new Periodic(name, work, { logger, retryMs: Infinity, failures });
    await chore.start();
    await chore.stop();
  };

  it('that fail for one reason say so once, until it has ended for all of them or another comes', async () => {
    const failures = new ChoreFailures();
    await turn(failures, 'gauges', 'no namespace, as of 17');
    await turn(failures, 'watch', 'no namespace, as of 18');
    await turn(failures, 'gauges', 'no namespace, as of 19');
    await turn(failures, 'gauges', 'no database');
    for (const name of ['gauges', 'watch']) await turn(failures, name);
    await turn(failures, 'watch', 'no namespace, as of 20');
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([
      'warn gauges: no namespace, as of 17',
      'warn gauges: no database',
      'warn watch: no namespace, as of 20',
    ]);
    expect(said).toHaveLength(5);
  });
});

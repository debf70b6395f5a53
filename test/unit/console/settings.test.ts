import { checkConsole, consoleSettings, originsOf } from '../../../console/settings';
import { configFrom } from '../../../runtime/config';

const settings = (more: Record<string, string>) =>
  configFrom(consoleSettings, { DATABASE_URL: 'postgres://127.0.0.1/nova', ...more });
const key = 'k'.repeat(32);

describe('settings of the console', () => {
  it('are whole by themselves: it listens on loopback, and everyone there may read', () => {
    const config = settings({});
    checkConsole(config);
    expect(config.consoleHost).toBe('127.0.0.1');
    expect(originsOf(config)).toEqual(['http://127.0.0.1:8300', 'http://localhost:8300']);
  });

  it.each([
    [{ CONSOLE_HOST: '0.0.0.0' }, /open to other machines.*needs CONSOLE_URL/],
    [{ CONSOLE_HOST: '0.0.0.0', CONSOLE_KEY: key }, /needs CONSOLE_URL/],
    [{ CONSOLE_USER_HEADER: 'x-user' }, /CONSOLE_USER_HEADER needs CONSOLE_PROXY_ADDRESSES/],
    [{ CONSOLE_PROXY_ADDRESSES: '10.0.0.1' }, /mean nothing without CONSOLE_USER_HEADER/],
  ])('%j are refused: they would leave a door open, or close none', (more, fault) => {
    expect(() => checkConsole(settings(more))).toThrow(fault);
  });

  it.each([
    { CONSOLE_KEY: 'short' },
    { CONSOLE_URL: 'nova.example.org' },
    { CONSOLE_URL: 'https://nova.example.org/console' },
    { CONSOLE_PROXY_ADDRESSES: 'proxy.example.org' },
    { CONSOLE_PROXY_ADDRESSES: '10.0.0.0/33' },
  ])('%j is not allowed', (more) => {
    expect(() => settings(more)).toThrow(Object.keys(more)[0]);
  });

  it('an address of people is the only one from which forms are taken', () => {
    expect(originsOf(settings({ CONSOLE_URL: 'https://nova.example.org/' }))).toEqual(['https://nova.example.org']);
  });
});

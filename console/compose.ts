import { type Logger } from '../runtime/logger';
import { type Service } from '../runtime/service';
import { createApp } from './app';
import { LastingConnections } from './lasting-connections';
import { Sampler } from './sampling/sampler';
import { type ConsoleConfig } from './settings';
import { WebServer } from './web-server';

/** The parts of the console, in the order in which they start. */
export function composeConsole(config: ConsoleConfig, logger: Logger): readonly Service[] {
  const connections = new LastingConnections(config);
  const sampler = new Sampler(connections.current, config, logger);
  const app = createApp({ config, logger, sampler, connections: connections.current });
  return [connections, sampler, new WebServer(app, { host: config.consoleHost, port: config.consolePort })];
}

import { createLogger } from '../../runtime/logger';

/** For code under test that must be given a logger. */
export const silentLogger = createLogger('test', 'silent');

import { sayStarting } from '../runtime/say-starting';

// For its effect: `main` imports this file before all others. What `invite` prints is a link alone.
if (process.argv.length <= 2) sayStarting('console', process.env['LOG_LEVEL']);

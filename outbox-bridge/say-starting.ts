import { sayStarting } from '../runtime/say-starting';

// For its effect: `main` imports this file before all others.
sayStarting('outbox-bridge', process.env['LOG_LEVEL']);

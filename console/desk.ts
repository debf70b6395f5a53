import { type Context } from 'hono';
import { type Connections } from '../ops/connections';
import { type Logger } from '../runtime/logger';
import { type Sampler } from './sampling/sampler';
import { type ConsoleConfig } from './settings';
import { type FormTokens } from './who/form-tokens';
import { type Person } from './who/roles';
import { type Sessions } from './who/sessions';

/** What all pages are made with. */
export interface ConsoleDeps {
  readonly config: ConsoleConfig;
  readonly logger: Logger;
  readonly sampler: Pick<Sampler, 'last' | 'samples'>;
  readonly connections: () => Connections;
}

/** Who asks, and the tokens of their forms. */
export interface Desk extends ConsoleDeps {
  readonly sessions: Sessions;
  readonly forms: FormTokens;
  /** Null: it must be known, and is not. */
  readonly who: (c: Context) => Promise<Person | null>;
  /** Whether a page of ours sent this form. */
  readonly isOurs: (c: Context) => boolean;
}

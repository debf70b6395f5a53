import { type Hono } from 'hono';
import { type Desk } from './desk';
import { addActs } from './pages/acts';
import { addDeadLetters } from './pages/dead-letters';
import { addLetter } from './pages/letter';
import { addOverview } from './pages/overview';
import { addPauses } from './pages/pauses';
import { addReplays } from './pages/replays';
import { addSearch } from './pages/search';
import { addStuck } from './pages/stuck';

/** Every page but those by which a person signs in. */
export function addPages(app: Hono, desk: Desk): void {
  for (const add of [addOverview, addDeadLetters, addLetter, addStuck, addSearch, addReplays, addPauses, addActs])
    add(app, desk);
}

import { type Audit } from './deps';
import { type Gathered } from './suspicions';

/** Deletes that a service signalled and whose event never came: they hold nothing any more, and a person should know why. */
export async function checkSignals({ signals }: Audit, gathered: Gathered): Promise<void> {
  if (signals === undefined) return;
  const { count, examples } = await signals.withoutDelete();
  if (count > 0) gathered.explained('signal_without_delete', null, count, examples);
}

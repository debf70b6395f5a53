import { type Command } from 'commander';
import { type ConfigOf } from '../../runtime/config';
import { isUuid } from '../../runtime/uuid';
import { type Connections, type opsSettings, withConnections } from '../connections';
import { type OutboxAway } from '../outboxes';
import { print } from '../print';
import { whyText } from './why';
import { type FoundWhy, whyId } from './why-id';
import { whyEventFor } from './why-notified';
import { whyPost } from './why-post';

interface WhyOptions {
  readonly user?: string;
  readonly post?: string;
  readonly event?: string;
  readonly json?: boolean;
}

/** The question that was asked. @throws Error for what is no question, or no id */
function asked(id: string | undefined, { user, post, event }: WhyOptions): (of: Connections) => Promise<FoundWhy> {
  const uuid = (option: string, text: string): string => {
    if (!isUuid(text)) throw new Error(`${option} ${text}: not a UUID`);
    return text.toLowerCase();
  };
  const given = [id !== undefined, post !== undefined, event !== undefined].filter(Boolean).length;
  if (given !== 1 || (user === undefined) !== (id !== undefined))
    throw new Error(
      'why what? npx nova why <id>, or --user U with --post P (is it in the feed?) or --event E (was U notified?)',
    );
  if (id !== undefined) return (of) => whyId(of, id.toLowerCase());
  const person = uuid('--user', user ?? '');
  if (post !== undefined) {
    const postId = uuid('--post', post);
    return (of) => whyPost(of, person, postId);
  }
  const eventId = uuid('--event', event ?? '');
  return (of) => whyEventFor(of, person, eventId);
}

export function addWhyCommand(
  program: Command,
  config: () => ConfigOf<typeof opsSettings>,
  incomplete: (away: readonly OutboxAway[]) => void,
): void {
  program
    .command('why [id]')
    .description(
      'the story of any id in sentences; or with --user whether a person sees a post, or was notified of an event, and if not, why not. Exit code 1: no',
    )
    .option('--user <user-id>', 'the person')
    .option('--post <post-id>', 'with --user: is this post in their feed?')
    .option('--event <event-id>', 'with --user: were they notified of this event?')
    .option('--json', 'one object: yes, verdict, checks of {check, ok, says, cure}')
    .action(async (id: string | undefined, options: WhyOptions) => {
      const { why, away } = await withConnections(config(), asked(id, options));
      print.result(why, whyText, options.json ?? false);
      if (why.yes === false || why.checks.some(({ ok }) => ok === false && why.yes === null)) process.exitCode = 1;
      if (why.yes === null && id === undefined) process.exitCode = 2;
      incomplete(away);
    });
}

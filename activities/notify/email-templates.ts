import { type NotificationKind } from '../../contracts/notification-kinds';
import { type Message, type NoticeText } from './channel';
import { displayName } from './display-name';

interface Wording {
  readonly subject: string;
  /** The sentence; `{actor}` is the person who caused it. */
  readonly text: string;
}

/** One wording per kind. Never anything of the content itself: e-mail is read on lock screens and by mail servers. */
const wordings: Record<NotificationKind, Wording> = {
  'message.received': { subject: 'You have a new message', text: '{actor} sent you a message.' },
  'message.mention': { subject: 'You were mentioned in a message', text: '{actor} mentioned you in a message.' },
  'post.mention': { subject: 'You were mentioned in a post', text: '{actor} mentioned you in a post.' },
  'comment.received': { subject: 'New comment on your post', text: '{actor} commented on your post.' },
  'comment.mention': { subject: 'You were mentioned in a comment', text: '{actor} mentioned you in a comment.' },
  'reaction.received': { subject: 'New reaction', text: '{actor} reacted to something of yours.' },
  'follow.received': { subject: 'You have a new follower', text: '{actor} follows you now.' },
  'live.started': { subject: 'A live stream began', text: '{actor} went live.' },
  'security.alert': { subject: 'Security alert for your account', text: 'Something happened to your account.' },
};

/** What exactly a security alert is about: the reader must know what to check. */
const alerts: Readonly<Record<string, string>> = {
  new_login: 'There was a new sign-in to your account.',
  password_changed: 'The password of your account was changed.',
  email_changed: 'The e-mail address of your account was changed.',
  suspicious_activity: 'We saw suspicious activity on your account.',
};

const closings: Partial<Record<NotificationKind, string>> = {
  'security.alert': 'If this was not you, open the app and secure your account now.',
};
const usualClosing = 'Open the app to see it. You can choose what we write you about in the settings.';

/** The e-mail for a notification. An actor we have no name of is `Somebody`. */
export function renderEmail({ kind, actorName, detail }: NoticeText): Message {
  const wording = wordings[kind];
  const sentence = (detail === undefined ? undefined : alerts[detail]) ?? wording.text;
  const text = sentence.replace('{actor}', () => displayName(actorName));
  return { subject: wording.subject, text: `${text}\n\n${closings[kind] ?? usualClosing}\n` };
}

import { renderEmail } from '../../../../activities/notify/email-templates';
import { type NotificationKind, notificationKinds } from '../../../../contracts/notification-kinds';

const kinds = Object.keys(notificationKinds) as NotificationKind[];

describe('notification e-mails', () => {
  it.each(kinds)('%s has a one-line subject and a text that names the actor, if any', (kind) => {
    const { subject, text } = renderEmail({ kind, actorName: 'Ada', detail: undefined });
    expect(subject).toMatch(/^[^\r\n]{5,80}$/);
    expect(text.includes('Ada')).toBe(kind !== 'security.alert');
    expect(text).not.toContain('{');
  });

  it('calls an actor without a name Somebody', () => {
    expect(renderEmail({ kind: 'follow.received', actorName: undefined, detail: undefined }).text).toMatch(
      /^Somebody follows you/,
    );
  });

  it('says which security alert it is', () => {
    const { text } = renderEmail({ kind: 'security.alert', actorName: undefined, detail: 'password_changed' });
    expect(text).toMatch(/password of your account was changed/);
  });

  it.each([
    ['line breaks', 'Ada\r\nBcc: x', 'Ada Bcc: x follows'],
    ['bidirectional overrides', 'Ada\u202Eevil', 'Ada evil follows'],
    ['links', 'Win https://evil.example now', 'Win now follows'],
    ['replacement patterns', "$& $' {actor}", "$& $' {actor} follows"],
    ['only blanks', ' \n ', 'Somebody follows'],
  ])('shows names that users chose harmlessly: %s', (_what, actorName, shown) => {
    expect(renderEmail({ kind: 'follow.received', actorName, detail: undefined }).text.startsWith(shown)).toBe(true);
  });

  it('cuts a name that would be a text of its own', () => {
    const [first = ''] = renderEmail({
      kind: 'follow.received',
      actorName: 'x'.repeat(500),
      detail: undefined,
    }).text.split('\n');
    expect(first.length).toBeLessThan(110);
  });
});

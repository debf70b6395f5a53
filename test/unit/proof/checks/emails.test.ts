import { checkEmails } from '../../../../proof/checks/emails';
import { expectedNotifications } from '../../../../proof/checks/expected-notifications';
import { type Truth } from '../../../../proof/checks/truth';
import { event, id, truthOf } from './truth-of';

const [user, stranger] = [id('a'), id('b')];
const alert = event('security.alert.raised', { alert_id: id('1'), user_id: user });
const mention = event('content.post.created', {
  post_id: id('2'),
  user_id: id('c'),
  mentioned_user_ids: [user, stranger],
});
const posts = new Map([[id('2'), { authorId: id('c'), status: 'published', caption: '' }]]);
const mail = (eventId: string, to: string) => ({ messageId: `${eventId}.${to}@nova.invalid` });
const good = [mail(alert.id, user), mail(mention.id, user)];

function check(mails: { messageId: string }[], truth: Partial<Truth> = {}) {
  const known = truthOf({ events: [alert, mention], posts, ...truth });
  const expected = expectedNotifications(known);
  return checkEmails({ expected, reachable: new Set([user]), preferences: known.preferences }, mails);
}

describe('the e-mails check', () => {
  it('holds when every e-mail that is due arrived once', () => {
    expect(check(good)).toMatchObject({ ok: true, counts: { emails: 2 } });
  });

  it('leaves open whether a person whose address came late got one', () => {
    expect(check([...good, mail(mention.id, stranger)]).ok).toBe(true);
  });

  it('leaves open whether one about a post that was archived for a while went out', () => {
    const comment = event('comment.created', { post_id: id('2'), user_id: id('c'), mentioned_user_ids: [user] });
    const archived = event('content.post.status_updated', {
      post_id: id('2'),
      user_id: id('c'),
      new_status: 'archived',
    });
    expect(check(good, { events: [alert, mention, comment] })).toMatchObject({ counts: { missing: 1 } });
    const known = { events: [alert, comment, archived] };
    expect(check([mail(alert.id, user)], known).ok).toBe(true);
    expect(check([mail(alert.id, user), mail(comment.id, user)], known).ok).toBe(true);
  });

  it('fails when one arrived twice', () => {
    expect(check([...good, mail(alert.id, user)])).toMatchObject({ ok: false, counts: { duplicates: 1 } });
  });

  it('fails when one did not arrive', () => {
    expect(check(good.slice(1))).toMatchObject({ ok: false, counts: { missing: 1 } });
  });

  it('fails when one arrived that no one should get', () => {
    expect(check([...good, mail(alert.id, stranger)])).toMatchObject({ ok: false, counts: { unexpected: 1 } });
    expect(check([...good, { messageId: '' }]).ok).toBe(false);
  });

  it('goes by what people switched off, except for their security', () => {
    const preferences = new Map([
      [`${user} post.mention email`, false],
      [`${user} security.alert email`, false],
    ]);
    expect(check(good, { preferences })).toMatchObject({ counts: { unexpected: 1 } });
    expect(check(good.slice(0, 1), { preferences }).ok).toBe(true);
  });

  it('leaves open whether one about a deleted post had left before', () => {
    const deleted = new Map([[id('2'), { authorId: id('c'), status: 'deleted', caption: '' }]]);
    expect(check(good, { posts: deleted }).ok).toBe(true);
    expect(check(good.slice(0, 1), { posts: deleted }).ok).toBe(true);
  });
});

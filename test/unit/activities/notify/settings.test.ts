import { notificationSettings } from '../../../../activities/notify/settings';
import { ConfigError, configFrom } from '../../../../runtime/config';

const read = (environment: Record<string, string>) => configFrom(notificationSettings, environment);

describe('settings of notification delivery', () => {
  it('send no e-mail unless a mail server is named', () => {
    expect(read({}).smtpUrl).toBe('');
  });

  it.each(['smtp://mail:25', 'smtps://user:secret@mail.example:465'])('accept %s', (url) => {
    expect(read({ SMTP_URL: url }).smtpUrl).toBe(url);
  });

  it('refuse another protocol without printing the credentials', () => {
    const wrong = () => read({ SMTP_URL: 'http://user:secret@mail' });
    expect(wrong).toThrow(ConfigError);
    expect(wrong).not.toThrow(/secret/);
  });

  it.each(['a@b.example', 'Nova <a@b.example>'])('accept the sender %s', (from) => {
    expect(read({ EMAIL_FROM: from }).emailFrom).toBe(from);
  });

  it.each(['nobody', 'a@b, c@d', 'Nova <a@b> <c@d>'])('refuse the sender %s', (from) => {
    expect(() => read({ EMAIL_FROM: from })).toThrow(ConfigError);
  });
});

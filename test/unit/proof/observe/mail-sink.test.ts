import { createTransport } from 'nodemailer';
import { messageIdOf, startMailSink } from '../../../../proof/observe/mail-sink';

describe('the mail sink', () => {
  it('remembers every e-mail by its Message-ID', async () => {
    const sink = await startMailSink();
    const transport = createTransport(sink.url);
    try {
      for (const name of ['one', 'two', 'one']) {
        await transport.sendMail({
          messageId: `<${name}@nova.invalid>`,
          from: 'a@example.com',
          to: 'b@example.com',
          text: 'x',
        });
      }
      const ids = sink.received.map(({ messageId }) => messageId);
      expect(ids).toEqual(['one@nova.invalid', 'two@nova.invalid', 'one@nova.invalid']);
      expect(sink.received[0]?.to).toEqual(['b@example.com']);
    } finally {
      transport.close();
      await sink.close();
    }
  });

  it('finds a Message-ID that is folded onto a line of its own', () => {
    expect(messageIdOf('From: a\r\nMessage-ID:\r\n <long@x>\r\n\r\nbody')).toBe('long@x');
  });
});

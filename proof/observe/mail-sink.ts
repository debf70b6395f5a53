import { type AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** One e-mail as the mail server got it. */
export interface ReceivedMail {
  /** Without its angle brackets. */
  readonly messageId: string;
  readonly to: readonly string[];
}

export interface MailSink {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  close(): Promise<void>;
}

/** A mail server that accepts everything and remembers who was sent what: the independent witness of the e-mails. */
export async function startMailSink(): Promise<MailSink> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    // Who connects is known, and a resolver may be slow.
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ messageId: messageIdOf(Buffer.concat(chunks).toString('utf8')), to });
        callback();
      });
    },
  });
  server.on('error', () => undefined); // a sender that hangs up is the sender's business
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The header may be folded onto a line of its own. */
export function messageIdOf(mail: string): string {
  return /^Message-ID:\s*<([^>]*)>/im.exec(mail)?.[1] ?? '';
}

import { type Readable } from 'node:stream';
import { type Transport, type Transporter, type SMTPPoolSentMessageInfo, createTransport } from 'nodemailer';
import SMTPPool from 'nodemailer/lib/smtp-pool';
import { limits } from '../../contracts/time-budgets';
import { oneLine } from '../../runtime/errors';
import { tlsFault } from '../../runtime/tls';
import { type SmtpFault, type SmtpStage, smtpOutcome } from './smtp-outcome';
import {
  type DeliveryChannel,
  type ChannelLimits,
  type Contact,
  type Message,
  type NoticeText,
  type OutgoingDelivery,
  type SendOutcome,
} from './channel';
import { renderEmail } from './email-templates';

export interface SmtpOptions {
  /** smtp:// or smtps://, with credentials if the server wants some. */
  readonly url: string;
  /** `Name <address>` or an address. */
  readonly from: string;
  readonly connections: number;
  /** Whether a message may leave without TLS; of no meaning for smtps://. Default `except-loopback`. */
  readonly requireTls?: RequireTls;
  /** PEM of the authority that signed the server's certificate; absent: those that Node.js knows. */
  readonly ca?: Buffer;
  readonly limits?: Partial<ChannelLimits>;
  readonly timeouts?: Partial<SmtpTimeouts>;
}

/** `true`: never without TLS. `except-loopback`: only to this machine. `false`: when the server offers none. */
export type RequireTls = 'true' | 'false' | 'except-loopback';

export interface SmtpTimeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  /** Silence of the server in the middle of a dialogue. */
  readonly silenceMs: number;
  /** One try altogether; must stay below the claim lease of the ledger. */
  readonly totalMs: number;
}

const usualTimeouts: SmtpTimeouts = {
  connectMs: 5_000,
  greetingMs: 5_000,
  silenceMs: 15_000,
  totalMs: limits.delivery.sendMs,
};

/** E-mail by SMTP over a pool of connections. One try per call: the pool's own re-sending is off, Temporal retries. */
export class SmtpChannel implements DeliveryChannel {
  readonly name = 'email';
  private readonly transporter: Transporter<SMTPPoolSentMessageInfo>;
  private readonly pool: SMTPPool;
  private readonly domain: string;
  private readonly timeouts: SmtpTimeouts;

  constructor(private readonly options: SmtpOptions) {
    this.timeouts = { ...usualTimeouts, ...options.timeouts };
    this.domain = /@([^<>@\s]+?)>?$/.exec(options.from)?.[1] ?? 'localhost';
    this.pool = new SMTPPool({
      url: options.url,
      requireTLS: needsTls(options),
      ...(options.ca && { tls: { ca: options.ca } }),
      maxConnections: options.connections,
      // Whether a message whose connection closed is tried again is the ledger's decision, not that of the pool's queue.
      maxRequeues: 0,
      // Servers end idle sessions after some minutes: be the first, so that no try meets a dead connection.
      idleTimeout: 30_000,
      connectionTimeout: this.timeouts.connectMs,
      greetingTimeout: this.timeouts.greetingMs,
      socketTimeout: this.timeouts.silenceMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    this.transporter = createTransport<SMTPPoolSentMessageInfo>(watched(this.pool, new URL(options.url).host));
  }

  get limits(): Partial<ChannelLimits> {
    return this.options.limits ?? {};
  }

  destinations({ email }: Contact): readonly string[] {
    return email === undefined ? [] : [email];
  }

  compose(notice: NoticeText): Message {
    return renderEmail(notice);
  }

  async send({ deliveryId, address, subject, text }: OutgoingDelivery): Promise<SendOutcome> {
    try {
      const messageId = `<${deliveryId}@${this.domain}>`;
      await this.transporter.sendMail({
        messageId,
        from: this.options.from,
        to: { name: '', address },
        subject,
        text,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(this.timeouts.totalMs),
      });
      return { kind: 'accepted', providerId: messageId };
    } catch (thrown) {
      if (thrown instanceof FailedTry) return smtpOutcome(thrown.fault);
      throw withoutAddress(thrown);
    }
  }

  /** Over a connection of its own: those of the pool may all be busy. */
  async check(): Promise<void> {
    await this.pool.verify();
  }

  /** Lets what is being sent finish, then closes the connections. */
  close(): void {
    this.transporter.close();
  }
}

function needsTls({ url, requireTls = 'except-loopback' }: SmtpOptions): boolean {
  if (requireTls !== 'except-loopback') return requireTls === 'true';
  return !/^(localhost|127\.[\d.]+|\[::1\])$/i.test(new URL(url).hostname);
}

class FailedTry extends Error {
  constructor(readonly fault: SmtpFault) {
    super('the try failed');
  }
}

/**
 * The pool, plus the one fact its errors leave out: whether any byte of the message was read for sending. Only that shows
 * a message that was surely not sent from one whose reply was lost.
 */
function watched(pool: SMTPPool, server: string): Transport<SMTPPoolSentMessageInfo> {
  return {
    name: 'nova-smtp',
    version: '1',
    supportsAbortSignal: true,
    close: () => pool.close(),
    send: (mail, callback) => {
      let content: Readable | undefined;
      const open = mail.message.createReadStream.bind(mail.message);
      mail.message.createReadStream = (options) => (content = open(options));
      pool.send(mail, (error, info) => {
        if (error) callback(new FailedTry(faultOf(error, content?.readableDidRead ?? false, server)), info);
        else callback(null, info);
      });
    },
  };
}

const stages: readonly (readonly [command: RegExp, stage: SmtpStage])[] = [
  [/^AUTH/, 'auth'],
  [/^MAIL FROM/, 'mail'],
  [/^RCPT TO/, 'rcpt'],
  [/^DATA/, 'data'],
];

function faultOf(
  error: Error & { code?: string | undefined; command?: string | undefined; responseCode?: number | undefined },
  contentBegan: boolean,
  server: string,
): SmtpFault {
  const { code, command = '', responseCode: reply } = error;
  // Before the server has replied there is nothing of the message or its recipient in the text.
  const unreached = reply === undefined ? `${server}: ${oneLine(error, 150)}` : undefined;
  if (command === 'API' && code === 'EENVELOPE') return { stage: 'local', reply, contentBegan };
  if (code === 'ETLS' || command === 'STARTTLS' || tlsFault(error) !== undefined)
    return { stage: 'tls', reply, contentBegan, unreached };
  const stage = stages.find(([pattern]) => pattern.test(command))?.[1];
  if (stage !== undefined || contentBegan) return { stage: stage ?? 'data', reply, contentBegan };
  return { stage: 'connect', reply, contentBegan, unreached };
}

/** Errors of the composer quote the message; only their kind may go on. */
function withoutAddress(thrown: unknown): Error {
  const { code } = thrown as { code?: unknown };
  return new Error(`e-mail not composed: ${typeof code === 'string' ? code : 'no code'}`);
}

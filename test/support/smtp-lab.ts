import { SMTPServer } from 'smtp-server';
import { freePort } from '../../dev/stack/ports';

/** Where in the dialogue the server misbehaves. `content`: after the message was read, instead of its answer. */
export type LabStage = 'connect' | 'mail' | 'rcpt' | 'content';

/** What it does there: reply with a code, close the connection without a word, or fall silent. */
export type LabFault = { readonly reply: number } | 'drop' | 'silence';

export interface LabMessage {
  readonly to: string;
  readonly messageId: string;
  readonly subject: string;
  /** The whole message as received. */
  readonly raw: string;
}

/** A real SMTP server on a loopback port, with faults on demand. */
export interface SmtpLab {
  readonly url: string;
  /** Every message the server read whole, also those it then refused or never answered. */
  readonly received: readonly LabMessage[];
  /** Messages it read whole and acknowledged. */
  readonly accepted: readonly LabMessage[];
  /** Faults from now on; `forAddress` limits those of `rcpt` to one recipient. Undefined: behave. */
  /** How often a fault has shown. */
  readonly misbehaved: number;
  misbehave(fault?: { readonly at: LabStage; readonly by: LabFault; readonly forAddress?: string }): void;
  /** As if the machine were off; `up` brings it back on the same port. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** Limits for a channel whose server replies: a machine that stands still for some seconds is no silence. */
export const patientSmtp = { connectMs: 120_000, greetingMs: 120_000, silenceMs: 120_000, totalMs: 120_000 } as const;

export async function startSmtpLab(): Promise<SmtpLab> {
  const received: LabMessage[] = [];
  const accepted: LabMessage[] = [];
  let fault: Parameters<SmtpLab['misbehave']>[0];
  let server: SMTPServer | undefined;
  let misbehaved = 0;
  // None that the system gives to outgoing connections: those of others would take it while the server is down.
  const port = await freePort();

  /** Replies as scripted; false when the stage is to go on as usual. */
  const misbehaves = (at: LabStage, answer: (error: Error) => void, address?: string): boolean => {
    if (fault?.at !== at || (fault.forAddress !== undefined && fault.forAddress !== address)) return false;
    misbehaved++;
    if (fault.by === 'drop') dropAll(server);
    else if (fault.by !== 'silence') answer(Object.assign(new Error('scripted'), { responseCode: fault.by.reply }));
    return true;
  };

  const up = async (): Promise<void> => {
    if (server !== undefined) return;
    const starting = new SMTPServer({
      authOptional: true,
      // It may take the resolver longer than a test waits for a greeting.
      disableReverseLookup: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      logger: false,
      closeTimeout: 100,
      onConnect: (_session, next) => {
        if (!misbehaves('connect', next)) next();
      },
      onMailFrom: (_from, _session, next) => {
        if (!misbehaves('mail', next)) next();
      },
      onRcptTo: ({ address }, _session, next) => {
        if (!misbehaves('rcpt', next, address)) next();
      },
      onData: (stream, session, next) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString('utf8');
          const to = session.envelope.rcptTo[0]?.address ?? '';
          const message = { to, raw, messageId: header(raw, 'Message-ID'), subject: header(raw, 'Subject') };
          received.push(message);
          if (misbehaves('content', next, to)) return;
          accepted.push(message);
          next();
        });
      },
    });
    // Dropped sockets are part of the script.
    starting.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      starting.server.once('error', reject);
      starting.listen(port, '127.0.0.1', resolve);
    });
    server = starting;
  };

  const down = async (): Promise<void> => {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    dropAll(stopping);
    await new Promise<void>((resolve) => stopping.close(resolve));
  };

  await up();
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    accepted,
    get misbehaved() {
      return misbehaved;
    },
    misbehave: (next) => {
      fault = next;
    },
    down,
    up,
    stop: down,
  };
}

function dropAll(server: SMTPServer | undefined): void {
  for (const { _socket } of server?.connections ?? []) _socket.destroy();
}

function header(raw: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'im').exec(raw)?.[1]?.trim() ?? '';
}

import { type SendOutcome } from './channel';

/** Where in the SMTP dialogue a try ended. */
export type SmtpStage = 'connect' | 'tls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'local';

/** What is known of a failed try. */
export interface SmtpFault {
  readonly stage: SmtpStage;
  /** The server's reply code, when it gave one: 450, 550, … */
  readonly reply: number | undefined;
  /** True from the first byte of the message on: the server may have taken it even if no reply came. */
  readonly contentBegan: boolean;
  /** Which server could not be reached, and how (refused, timed out, no such name, TLS); undefined: it was reached. */
  readonly unreached?: string | undefined;
}

type FailedOutcome = Exclude<SendOutcome['kind'], 'accepted'>;

interface Rule {
  readonly when: (fault: SmtpFault) => boolean;
  readonly outcome: FailedOutcome;
  readonly scope?: 'delivery' | 'channel';
  readonly why: string;
}

const temporary = ({ reply }: SmtpFault): boolean => reply !== undefined && reply >= 400 && reply < 500;
const permanent = ({ reply }: SmtpFault): boolean => reply !== undefined && reply >= 500 && reply < 600;

/** SMTP replies as outcomes; the first rule that fits holds. Tested row by row against a server with scripted faults. */
export const smtpRules: readonly Rule[] = [
  {
    when: ({ stage, reply }) => stage === 'local' && reply === undefined,
    outcome: 'refused',
    why: 'The address is none: it never reached a server.',
  },
  {
    when: ({ reply }) => reply === 421 || reply === 503,
    outcome: 'not_sent',
    scope: 'channel',
    why: 'The server is closing, or the session was in the wrong state: the same message may pass on a new connection.',
  },
  {
    when: (fault) => temporary(fault) && (fault.stage === 'rcpt' || fault.stage === 'data'),
    outcome: 'not_sent',
    scope: 'delivery',
    why: 'Greylisted or mailbox busy: this one later, others now. A 4xx after the content means it was not taken.',
  },
  {
    when: (fault) => permanent(fault) && (fault.stage === 'rcpt' || fault.stage === 'data'),
    outcome: 'refused',
    why: 'The server will never take this message for this recipient.',
  },
  {
    when: (fault) => temporary(fault) || permanent(fault),
    outcome: 'not_sent',
    scope: 'channel',
    why: 'Greeting, EHLO, STARTTLS, AUTH or MAIL was refused: about us, not about the recipient. Deliveries wait until it is repaired.',
  },
  {
    when: ({ contentBegan }) => contentBegan,
    outcome: 'unknown',
    why: 'The reply was lost after content went out: the server may have it.',
  },
  {
    when: () => true,
    outcome: 'not_sent',
    scope: 'channel',
    why: 'No connection, none with TLS, or it was lost before any content went out.',
  },
];

/** The outcome of a failed try; its reason is like `SMTP_RCPT_550` or `SMTP_CONNECT`. */
export function smtpOutcome(fault: SmtpFault): SendOutcome {
  const rule = smtpRules.find(({ when }) => when(fault));
  const reason = ['SMTP', fault.stage.toUpperCase(), ...(fault.reply === undefined ? [] : [fault.reply])].join('_');
  if (rule?.outcome === 'not_sent')
    return { kind: 'not_sent', reason, scope: rule.scope ?? 'channel', detail: fault.unreached };
  return { kind: rule?.outcome ?? 'unknown', reason };
}

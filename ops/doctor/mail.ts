import { openEmail } from '../../activities/notify/email';
import { type notificationSettings } from '../../activities/notify/settings';
import { type ConfigOf } from '../../runtime/config';
import { oneLine, toError } from '../../runtime/errors';
import { tlsFault } from '../../runtime/tls';
import { placeOf } from '../../runtime/which-setting';
import { type Check, fault, note, ok, warning } from './check';

type MailConfig = ConfigOf<typeof notificationSettings>;
type Found = Omit<Check, 'of' | 'what'>;

/** Together below what a person waits for a server: the fault that is named is then that of the mail server, not that it hangs. */
const timeouts = { connectMs: 3_500, greetingMs: 3_500, silenceMs: 3_500 };

/** A session with the mail server as workers have it: connection, TLS as it is set, EHLO, login where SMTP_URL has one. Sends no message. */
export async function checkMail(config: MailConfig): Promise<Check[]> {
  const check = (what: string, found: Found): Check => ({ of: 'mail', what, ...found });
  const channel = openEmail(config, timeouts);
  if (channel === undefined)
    return [check('reachable', note('no mail server is set where this runs (SMTP_URL): its workers send no e-mail'))];
  const place = placeOf(config.smtpUrl).replace(/\/$/, '');
  try {
    await channel.check();
  } catch (thrown) {
    const { kind, cure } = failureOf(thrown, place);
    return [check('reachable', fault(`${place}: ${kind}: ${oneLine(thrown).replace(/^Error: /, '')}`, cure))];
  } finally {
    channel.close();
  }
  const login = new URL(config.smtpUrl).username === '' ? 'without a login' : 'with our login';
  return [check('reachable', ok(`${place} takes a session ${login}`)), check('sender', senderOf(config))];
}

function senderOf({ emailFrom }: MailConfig): Found {
  if (!/\.invalid>?$/.test(emailFrom)) return ok(emailFrom);
  return warning(
    `${emailFrom} exists nowhere`,
    'set EMAIL_FROM to an address of yours, or servers refuse the messages',
  );
}

interface Failure {
  readonly kind: string;
  readonly cure: string;
}

/** @param place host and port of SMTP_URL */
function failureOf(thrown: unknown, place: string): Failure {
  const { code, command, responseCode: reply } = thrown as { code?: string; command?: string; responseCode?: number };
  const text = toError(thrown).message;
  if (code === 'EDNS' || /ENOTFOUND|EAI_AGAIN/.test(text))
    return { kind: 'DNS', cure: 'correct the name of the host in SMTP_URL, or let this machine resolve it' };
  const tls = tlsFault(thrown);
  if (tls !== undefined || code === 'ETLS' || command === 'STARTTLS')
    return {
      kind: tls ?? 'TLS',
      cure: 'SMTP_CA_FILE for an authority of your own, smtps:// only where the port speaks TLS from the start (465); SMTP_REQUIRE_TLS=false sends in clear',
    };
  if (code === 'EAUTH')
    return { kind: 'authentication', cure: 'correct the login in SMTP_URL; @ : / in it as %40 %3A %2F' };
  if (text.includes('ECONNREFUSED'))
    return {
      kind: 'refused',
      cure: `nothing listens at ${place}: start the mail server, or correct the port in SMTP_URL`,
    };
  if (code === 'ETIMEDOUT' || text.includes('ETIMEDOUT'))
    return {
      kind: 'timed out',
      cure: 'let this machine through (many networks block port 25: 587 or 465), and smtps:// where the port speaks TLS from the start',
    };
  if (reply !== undefined)
    return { kind: `the server replied ${reply}`, cure: 'ask those who run it what it wants of us' };
  return {
    kind: 'no session',
    cure: 'look at the mail server itself, and whether the port in SMTP_URL is one for SMTP',
  };
}

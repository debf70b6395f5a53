import { z } from 'zod';
import { deliveryTryMs } from '../../contracts/time-budgets';
import { type ConfigOf, type Setting, setting } from '../../runtime/config';
import { readTlsFiles } from '../../runtime/tls';
import { SmtpChannel, type SmtpTimeouts } from './smtp-channel';

const smtpUrl: Setting<string> = {
  env: 'SMTP_URL',
  meaning: 'Mail server for notification e-mails, with credentials if it wants some. Unset: no e-mail is sent.',
  fallback: '',
  secret: true,
  allowed: 'empty, or a URL that begins with smtp:// or smtps://, without ignoreTLS or requireTLS (SMTP_REQUIRE_TLS)',
  schema: z.string().refine((text) => text === '' || (URL.canParse(text) && isMailServer(new URL(text)))),
};

function isMailServer({ protocol, searchParams }: URL): boolean {
  const refused = ['ignoreTLS', 'requireTLS', 'opportunisticTLS'];
  return ['smtp:', 'smtps:'].includes(protocol) && !refused.some((name) => searchParams.has(name));
}

const emailFrom: Setting<string> = {
  env: 'EMAIL_FROM',
  meaning: 'Sender of notification e-mails; its domain also ends the Message-ID.',
  fallback: 'Nova <notifications@nova.invalid>',
  allowed: 'an address, or a name followed by an address in angle brackets',
  schema: z.string().regex(/^(?:[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/),
};

export const emailSettings = {
  smtpUrl,
  smtpRequireTls: setting.oneOf(
    'SMTP_REQUIRE_TLS',
    'Send nothing over smtp:// unless STARTTLS succeeds; `except-loopback`: unless the server is this machine.',
    ['true', 'false', 'except-loopback'],
    { fallback: 'except-loopback' },
  ),
  smtpCaFile: setting.optionalText(
    'SMTP_CA_FILE',
    'PEM file of the authority that signed the mail server’s certificate; empty: those that Node.js knows.',
  ),
  emailFrom,
  smtpConnections: setting.integer(
    'SMTP_CONNECTIONS',
    'Connections to the mail server kept open per worker process, and sends of one event side by side.',
    { min: 1, max: 100 },
    { fallback: '5' },
  ),
  emailsPerActorPerHour: setting.integer(
    'EMAILS_PER_ACTOR_PER_HOUR',
    'E-mails that one person may cause another in an hour, by mentions, say; the rest is in the inbox only.',
    { min: 1, max: 1_000 },
    { fallback: '10' },
  ),
} as const;

/** The channel `email`; undefined: no mail server is configured. `timeouts`: other than those of a worker. */
export function openEmail(
  config: ConfigOf<typeof emailSettings> & { readonly deliveryLeaseMs: number },
  timeouts: Partial<SmtpTimeouts> = {},
): SmtpChannel | undefined {
  if (config.smtpUrl === '') return undefined;
  return new SmtpChannel({
    url: config.smtpUrl,
    requireTls: config.smtpRequireTls,
    ...readTlsFiles('SMTP', { caFile: config.smtpCaFile, certFile: '', keyFile: '' }),
    from: config.emailFrom,
    connections: config.smtpConnections,
    limits: { sendConcurrency: config.smtpConnections, sendsPerActorPerHour: config.emailsPerActorPerHour },
    timeouts: { totalMs: deliveryTryMs(config.deliveryLeaseMs), ...timeouts },
  });
}

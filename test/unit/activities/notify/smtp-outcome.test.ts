import { type SmtpFault, smtpOutcome, smtpRules } from '../../../../activities/notify/smtp-outcome';

type Case = [fault: SmtpFault, outcome: Record<string, unknown>];
const at = (stage: SmtpFault['stage'], reply?: number, contentBegan = false): SmtpFault => ({
  stage,
  reply,
  contentBegan,
});

const cases: Case[] = [
  [at('local'), { kind: 'refused', reason: 'SMTP_LOCAL' }],
  [at('connect'), { kind: 'not_sent', scope: 'channel', reason: 'SMTP_CONNECT' }],
  [at('connect', 554), { kind: 'not_sent', scope: 'channel', reason: 'SMTP_CONNECT_554' }],
  [at('connect', 421), { kind: 'not_sent', scope: 'channel' }],
  [at('auth', 535), { kind: 'not_sent', scope: 'channel', reason: 'SMTP_AUTH_535' }],
  [at('mail', 451), { kind: 'not_sent', scope: 'channel' }],
  [at('mail', 550), { kind: 'not_sent', scope: 'channel' }],
  [at('rcpt', 450), { kind: 'not_sent', scope: 'delivery', reason: 'SMTP_RCPT_450' }],
  [at('rcpt', 550), { kind: 'refused', reason: 'SMTP_RCPT_550' }],
  [at('rcpt', 503), { kind: 'not_sent', scope: 'channel' }],
  [at('data', 452), { kind: 'not_sent', scope: 'delivery' }],
  [at('data', 554), { kind: 'refused' }],
  [at('data', 451, true), { kind: 'not_sent', scope: 'delivery' }],
  [at('data', 421, true), { kind: 'not_sent', scope: 'channel' }],
  [at('data', 554, true), { kind: 'refused' }],
  [at('data', undefined, true), { kind: 'unknown', reason: 'SMTP_DATA' }],
  [at('data', 250, true), { kind: 'unknown' }],
  [at('data'), { kind: 'not_sent', scope: 'channel' }],
];

describe('SMTP replies as outcomes', () => {
  it.each(cases)('%j → %j', (fault, outcome) => {
    expect(smtpOutcome(fault)).toMatchObject(outcome);
  });

  it('uses every rule of the table', () => {
    const used = new Set(cases.map(([fault]) => smtpRules.findIndex(({ when }) => when(fault))));
    expect([...used].sort()).toEqual(smtpRules.map((_, index) => index));
  });
});

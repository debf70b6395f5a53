import { Client } from 'pg';
import { type CheckResult, checked } from '../../../proof/checks/check';
import { type RunOutbox } from '../../runs/database';

const denied = '42501';
const looks = ['SELECT count(*) FROM nova.outbox_events', 'SELECT count(payload) FROM nova.outbox_events'];

/** Each service's logins, tried on every other service's database: none may read there. */
export async function checkIsolation(outboxes: readonly RunOutbox[]): Promise<CheckResult> {
  const offenders: string[] = [];
  let tried = 0;
  for (const outbox of outboxes)
    for (const other of outboxes.filter(({ name }) => name !== outbox.name))
      for (const role of ['publisher', 'bridge'] as const) {
        const url = new URL(outbox.urls[role]);
        url.pathname = new URL(other.urls[role]).pathname;
        tried += 1;
        if (await canRead(url.href))
          offenders.push(`the ${role} of ${outbox.name} can read the outbox of ${other.name}`);
      }
  return checked(
    'isolation',
    'no service’s login can read another service’s outbox',
    `${outboxes.length} databases, ${tried} logins tried where they do not belong`,
    { databases: outboxes.length, tried },
    offenders,
  );
}

async function canRead(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, application_name: 'nova-demo' });
  try {
    await client.connect();
    for (const look of looks)
      await client.query(look).catch((thrown: unknown) => {
        if ((thrown as { code?: unknown }).code !== denied) throw thrown;
        throw new Refused();
      });
    return true;
  } catch (thrown) {
    if (thrown instanceof Refused) return false;
    throw thrown;
  } finally {
    await client.end();
  }
}

class Refused extends Error {}

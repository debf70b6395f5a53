import { randomUUID } from 'node:crypto';
import { type Random } from '../../../proof/traffic/random';
import { type BurstKind, type ChaosOptions } from '../types';
import { requireActive, type Services, text } from '../../../proof/traffic/scenarios/scenario';

export interface BurstSize {
  /** Rows of one aggregate, committed as fast as the database takes them. */
  readonly hotTransactions: number;
  readonly hotRows: number;
  /** Aggregates of a bulk transaction, at most, and its rows of each. */
  readonly bulkPeople: number;
  readonly bulkRowsEach: number;
}

/** For a run of a few minutes, which must also see them worked off. */
const small: BurstSize = { hotTransactions: 4, hotRows: 75, bulkPeople: 550, bulkRowsEach: 1 };
/** Thousands of rows: what a minute of two cores starts. */
const large: BurstSize = { hotTransactions: 10, hotRows: 200, bulkPeople: 700, bulkRowsEach: 2 };

/** Runs at least this long have time for large bursts. */
const largeFromMinutes = 10;

/** Of a run; one that was asked for certain faults wants them large. */
export function burstSizeOf({ minutes, only }: Pick<ChaosOptions, 'minutes' | 'only'>): BurstSize {
  return minutes >= largeFromMinutes || only !== undefined ? large : small;
}

/** Events of one burst, at most. */
export function burstEvents(kind: BurstKind, size: BurstSize): number {
  return kind === 'bulk' ? 2 * size.bulkPeople * size.bulkRowsEach : 1 + size.hotTransactions * size.hotRows;
}

/** Writes far more at once than the system starts in the same time. Resolves when everything is committed or given up. */
export async function burst(kind: BurstKind, size: BurstSize, services: Services, random: Random): Promise<void> {
  await (kind === 'bulk' ? bulkChanges(size, services, random) : hotConversation(size, services, random));
}

/** One message, edited hundreds or thousands of times: every edit waits for the one before it, and no other aggregate may wait for any. */
async function hotConversation(
  { hotTransactions, hotRows }: BurstSize,
  { business, world }: Services,
  random: Random,
): Promise<void> {
  const [senderId, recipientId] = [world.user(random), world.user(random)];
  const [messageId, conversationId] = [randomUUID(), randomUUID()];
  const sent = await business.transaction(random, async (tx) => {
    await requireActive(tx, senderId);
    await tx.query('INSERT INTO business.messages (message_id, conversation_id, sender_id) VALUES ($1, $2, $3)', [
      messageId,
      conversationId,
      senderId,
    ]);
    const about = { message_id: messageId, conversation_id: conversationId, sender_id: senderId };
    await tx.publish({ type: 'message.persisted', payload: { ...about, recipient_ids: [recipientId] } });
  });
  if (!sent) return;
  for (let i = 0; i < hotTransactions; i += 1) {
    await business.transaction(random, async (tx) => {
      for (let row = 0; row < hotRows; row += 1) {
        const about = { message_id: messageId, conversation_id: conversationId, editor_id: senderId };
        await tx.publish({ type: 'message.edited', payload: { ...about, content: text(random) } });
      }
    });
  }
}

const activeOnes = `
  SELECT user_id FROM business.people WHERE user_id = ANY ($1::uuid[]) AND state = 'active' ORDER BY user_id FOR SHARE`;

/**
 * Two nightly jobs at once, each one transaction over hundreds of aggregates that the other does not touch: neither may
 * wait for the other, and no other writer for either.
 */
async function bulkChanges(
  { bulkPeople, bulkRowsEach }: BurstSize,
  { business, world }: Services,
  random: Random,
): Promise<void> {
  const people = [...new Set(Array.from({ length: 4 * bulkPeople }, () => world.user(random)))].sort();
  const halves = [people.filter((_, i) => i % 2 === 0), people.filter((_, i) => i % 2 === 1)];
  await Promise.all(
    halves.map((half) => {
      const own = random.fork();
      return business.transaction(own, async (tx) => {
        const { rows } = await tx.query<{ user_id: string }>(activeOnes, [half.slice(0, bulkPeople)]);
        for (const { user_id } of rows) {
          for (let row = 0; row < bulkRowsEach; row += 1) {
            const payload = { user_id, username: `user-${user_id.slice(0, 8)}`, is_verified: own.chance(0.5) };
            await tx.publish({ type: 'identity.user.profile_updated', payload, priority: 'low' });
          }
        }
      });
    }),
  );
}

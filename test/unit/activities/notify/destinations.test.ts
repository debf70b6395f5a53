import { type DeliveryChannel, type OutgoingDelivery, type SendOutcome } from '../../../../activities/notify/channel';
import { outcomeOfAll, sendToAll } from '../../../../activities/notify/destinations';

const accepted: SendOutcome = { kind: 'accepted' };
const unknown: SendOutcome = { kind: 'unknown', reason: 'NO_REPLY' };
const notSent: SendOutcome = { kind: 'not_sent', reason: 'BUSY', scope: 'delivery' };
const refused: SendOutcome = { kind: 'refused', reason: 'NO_SUCH_DEVICE' };

async function sentTo(destinations: readonly string[]): Promise<OutgoingDelivery[]> {
  const sent: OutgoingDelivery[] = [];
  const channel: Pick<DeliveryChannel, 'send'> = {
    send: async (delivery) => {
      sent.push(delivery);
      return accepted;
    },
  };
  await sendToAll(channel as DeliveryChannel, {
    deliveryId: 'e.r',
    destinations,
    message: { subject: 's', text: 't' },
  });
  return sent;
}

describe('a person who is reached in several places', () => {
  it.each([
    [[accepted, notSent], accepted],
    [[unknown, notSent], unknown],
    [[refused, notSent], notSent],
    [[refused, accepted], accepted],
    [[refused, refused], refused],
  ])('%j counts as %j: what may have reached them is not repeated, what surely did not is', (outcomes, whole) => {
    expect(outcomeOfAll(outcomes)).toEqual(whole);
    expect(outcomeOfAll([...outcomes].reverse())).toEqual(whole);
  });

  it('gets the message in each, under ids of their own that stay the same and do not show the place', async () => {
    const [first, second] = await sentTo(['device-a', 'device-b']);
    expect([first?.address, second?.address]).toEqual(['device-a', 'device-b']);
    expect(first?.deliveryId).not.toBe(second?.deliveryId);
    expect(JSON.stringify([first?.deliveryId, second?.deliveryId])).not.toContain('device');
    expect((await sentTo(['device-b', 'device-a'])).map(({ deliveryId }) => deliveryId)).toEqual([
      second?.deliveryId,
      first?.deliveryId,
    ]);
  });

  it('in one place is a delivery with the id of the ledger alone', async () => {
    expect((await sentTo(['a@example.org'])).map(({ deliveryId }) => deliveryId)).toEqual(['e.r']);
  });
});

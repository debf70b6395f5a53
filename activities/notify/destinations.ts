import { createHash } from 'node:crypto';
import { failSpan, inSpan } from '../../runtime/traces';
import { type DeliveryChannel, type Message, type SendOutcome } from './channel';

/** What one person is sent on one channel, wherever it reaches them. */
export interface Composed {
  readonly deliveryId: string;
  /** At least one. */
  readonly destinations: readonly string[];
  readonly message: Message;
}

/** Sends to every destination at once, so that all of them take no longer than one try, and judges them as one delivery. */
export function sendToAll(channel: DeliveryChannel, composed: Composed): Promise<SendOutcome> {
  const attributes = { 'nova.channel': channel.name, 'nova.delivery.id': composed.deliveryId };
  return inSpan(`send ${channel.name}`, { kind: 'client', attributes }, async (span) => {
    const outcome = await send(channel, composed);
    span?.setAttribute('nova.delivery.outcome', outcome.kind);
    if (outcome.kind !== 'accepted') failSpan(span, new Error(outcome.reason));
    return outcome;
  });
}

async function send(channel: DeliveryChannel, { deliveryId, destinations, message }: Composed): Promise<SendOutcome> {
  const single = destinations.length === 1;
  const outcomes = await Promise.all(
    destinations.map((address) =>
      channel.send({ ...message, deliveryId: single ? deliveryId : `${deliveryId}.${fingerprint(address)}`, address }),
    ),
  );
  return outcomeOfAll(outcomes);
}

/**
 * A person who got the message on one device was reached; sending again would send it there twice. So what may have reached
 * them anywhere is never repeated, and only what surely reached them nowhere is tried again.
 */
export function outcomeOfAll(outcomes: readonly SendOutcome[]): SendOutcome {
  const first = (kind: SendOutcome['kind']) => outcomes.find((outcome) => outcome.kind === kind);
  return (
    first('accepted') ??
    first('unknown') ??
    first('not_sent') ??
    first('refused') ?? { kind: 'refused', reason: 'NO_DESTINATION' }
  );
}

/** Distinguishes the deliveries of one person without showing their address: providers deduplicate by it. */
function fingerprint(address: string): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 12);
}

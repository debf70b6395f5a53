import { Channel, type ChannelCredentials, type ChannelOptions, connectivityState } from '@grpc/grpc-js';

/** A server that takes the connection and says nothing for this long is tried again, milliseconds. */
const handshakeMs = 10_000;

type OpenChannel = Pick<Channel, keyof Channel>;

/**
 * A gRPC channel that does not wait without limit: grpc-js sets no bound to the HTTP/2 handshake, so a server that accepted
 * the connection and hung, or a network that lost it half-way, would keep the channel connecting until TCP gives up, a
 * quarter of an hour later, however healthy the server is by then.
 */
export function channelWithHandshakeTimeout(
  address: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
  patienceMs = handshakeMs,
): OpenChannel {
  // Of its own: from the shared pool a new channel would get the connection that is stuck.
  const own = { ...options, 'grpc.use_local_subchannel_pool': 1 };
  let channel = new Channel(address, credentials, own);
  let watching = false;
  let closed = false;

  const watch = (): void => {
    if (watching || channel.getConnectivityState(true) !== connectivityState.CONNECTING) return;
    watching = true;
    channel.watchConnectivityState(connectivityState.CONNECTING, Date.now() + patienceMs, (stillConnecting) => {
      watching = false;
      if (stillConnecting === undefined || closed) return;
      const stuck = channel;
      channel = new Channel(address, credentials, own);
      stuck.close();
    });
  };

  return {
    close: () => {
      closed = true;
      channel.close();
    },
    getTarget: () => channel.getTarget(),
    getConnectivityState: (tryToConnect) => channel.getConnectivityState(tryToConnect),
    watchConnectivityState: (state, deadline, callback) => channel.watchConnectivityState(state, deadline, callback),
    getChannelzRef: () => channel.getChannelzRef(),
    createCall: (...call) => {
      watch();
      return channel.createCall(...call);
    },
  };
}

/** The private modules of kafkajs that are used (kafka-metadata.ts, kafka-idle.ts). */
declare module 'kafkajs/src/protocol/requests/metadata/v0/response' {
  interface TopicMetadata {
    readonly topic: string;
    readonly partitionMetadata: readonly { readonly partitionErrorCode: number; readonly leader: number }[];
  }
  interface Metadata {
    readonly topicMetadata: readonly TopicMetadata[];
  }
  const response: { parse: (data: Metadata) => Promise<Metadata> };
  export = response;
}

/** The requests of one connection: sent and not answered (in flight), or waiting because of a limit (pending). */
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    readonly pending: readonly unknown[];
    /** Milliseconds for which the broker wants no requests. */
    maybeThrottle(ms: number): void;
    /** Sends what may be sent, then schedules the next look. */
    checkPendingRequests(): void;
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
    push(request: unknown): void;
  }
  export = RequestQueue;
}

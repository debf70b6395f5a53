/** The one private module of kafkajs that is used (kafka-metadata.ts). */
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

import response from 'kafkajs/src/protocol/requests/metadata/v0/response';

type TopicMetadata = Parameters<typeof response.parse>[0]['topicMetadata'][number];

const leaderNotAvailable = 5;
const replicaNotAvailable = 9;

/**
 * Teaches kafkajs that a partition without a leader is a fault of that partition. It takes the broker's answer about all
 * topics for an error when one partition of one of them has no leader, so that nothing more can be sent to, or read from,
 * the others either. Such a partition now stays in the metadata with the leader that the broker names, -1, and what is sent
 * to it fails. A topic of which no partition has a leader is an error as before: so looks one that is being made.
 *
 * A private module of kafkajs, whose version is pinned; `kafka-partitions.test.ts` fails when this has no effect.
 */
const strict = response.parse;
response.parse = (data) => strict({ ...data, topicMetadata: data.topicMetadata.map(tolerant) });

function tolerant(topic: TopicMetadata): TopicMetadata {
  if (topic.partitionMetadata.every(({ leader }) => leader < 0)) return topic;
  return {
    ...topic,
    partitionMetadata: topic.partitionMetadata.map((partition) =>
      [leaderNotAvailable, replicaNotAvailable].includes(partition.partitionErrorCode)
        ? { ...partition, partitionErrorCode: 0 }
        : partition,
    ),
  };
}

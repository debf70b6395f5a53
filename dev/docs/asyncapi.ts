import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalogue, topicPartitions } from '../../contracts/catalogue';
import { type EventDefinition, domains } from '../../contracts/events/define';
import { cloudEventHeaders, defaultTopicPrefix, kafkaHeaders, topicNames } from '../../contracts/kafka';

/** The version of the Kafka bindings' own specification. */
const bindingVersion = '0.5.0';
const ref = (path: string) => ({ $ref: `#/${path}` });
const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more });

/** docs/asyncapi.json: what a subscriber receives, as an AsyncAPI 3 document without references to other files. */
export function asyncApiFile(): string {
  const topics = topicNames('{prefix}');
  const typesOf = (domain: string) => catalogue.filter((e) => e.domain === domain).map((e) => e.type);
  const channels = domains.map((domain) => [
    domain,
    {
      address: topics[domain],
      title: `Events of the domain ${domain}`,
      description:
        'Events of one aggregate come in the order of their `sequence`. One may come twice: `event_id` is the same then.',
      parameters: {
        prefix: {
          description: 'KAFKA_TOPIC_PREFIX of the deployment, unless it names the topic.',
          default: defaultTopicPrefix,
        },
      },
      messages: Object.fromEntries(typesOf(domain).map((type) => [type, ref(`components/messages/${type}`)])),
      bindings: { kafka: { partitions: topicPartitions[domain], bindingVersion } },
    },
  ]);
  const operations = domains.map((domain) => [
    `receive.${domain}`,
    {
      action: 'receive',
      title: `Subscribe to ${domain}`,
      channel: ref(`channels/${domain}`),
      messages: typesOf(domain).map((type) => ref(`channels/${domain}/messages/${type}`)),
    },
  ]);
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Events of Nova side effects',
      version: version(),
      description:
        'Generated from the event catalogue by `npm run docs:generate`, from the point of view of a subscriber: the body of a message is the payload alone, everything else is in headers. Payloads may have more fields than are named here.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(channels) as object,
    operations: Object.fromEntries(operations) as object,
    components: {
      messages: Object.fromEntries(catalogue.map((event) => [event.type, messageOf(event)])),
      schemas: { headers, ...Object.fromEntries(catalogue.map((event) => [event.type, payloadOf(event)])) },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function messageOf({ type, version: schemaVersion, meaning, partitionKey }: EventDefinition) {
  const own = {
    [kafkaHeaders.eventType]: { const: type },
    [kafkaHeaders.schemaVersion]: { const: String(schemaVersion) },
  };
  return {
    name: type,
    title: type,
    summary: meaning,
    contentType: 'application/json',
    headers: { allOf: [ref('components/schemas/headers'), { type: 'object', properties: own }] },
    payload: ref(`components/schemas/${type}`),
    bindings: { kafka: { key: text(`\`${partitionKey}\` of the payload.`, { format: 'uuid' }), bindingVersion } },
  };
}

/** As it is on the topic: with today's field names and with the defaults filled in. Draft 7, which AsyncAPI's own schemas extend. */
function payloadOf({ type, meaning, schema }: EventDefinition) {
  const { $schema: _draft, ...written } = z.toJSONSchema(schema, { target: 'draft-7', io: 'output' });
  return { title: type, description: meaning, ...written };
}

const { eventId, eventType, schemaVersion, sequence, traceparent, contentType } = kafkaHeaders;
const onlyWith = (setting: string) => `Only with \`${setting}\`.`;

const headers = {
  type: 'object',
  required: [eventId, eventType, schemaVersion, sequence, contentType],
  properties: {
    [eventId]: text('Of the event, and of its workflow. The same when a message comes again.', { format: 'uuid' }),
    [eventType]: text('The canonical name.'),
    [schemaVersion]: text('Version of the payload.', { pattern: '^[0-9]+$' }),
    [sequence]: text('Rises within an aggregate.', { pattern: '^[0-9]+$' }),
    [contentType]: { const: 'application/json' },
    [traceparent]: text('W3C trace context, if the writer gave one, or the deployment traces.'),
    [cloudEventHeaders.specVersion]: { const: '1.0', description: onlyWith('KAFKA_CLOUDEVENTS=true') },
    [cloudEventHeaders.id]: text(onlyWith('KAFKA_CLOUDEVENTS=true'), { format: 'uuid' }),
    [cloudEventHeaders.source]: text(onlyWith('KAFKA_CLOUDEVENTS=true'), { format: 'uri-reference' }),
    [cloudEventHeaders.type]: text(onlyWith('KAFKA_CLOUDEVENTS=true')),
    [cloudEventHeaders.time]: text(onlyWith('KAFKA_CLOUDEVENTS=true'), { format: 'date-time' }),
    [cloudEventHeaders.subject]: text(`The aggregate. ${onlyWith('KAFKA_CLOUDEVENTS=true')}`, { format: 'uuid' }),
    [cloudEventHeaders.dataSchema]: text(onlyWith('KAFKA_CLOUDEVENTS_SCHEMAS'), { format: 'uri' }),
  },
};

function version(): string {
  const file = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

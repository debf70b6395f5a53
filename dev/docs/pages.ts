import { z } from 'zod';
import { catalogue, spellingsOf, topicPartitions, workflowsOf } from '../../contracts/catalogue';
import { effectNames, effectOf } from '../../contracts/effects';
import { failures } from '../../contracts/failures';
import { topicNames } from '../../contracts/kafka';
import { notificationKinds } from '../../contracts/notification-kinds';
import { latencyBudgetMs } from '../../contracts/priority';
import { workflowTypes } from '../../contracts/workflow-types';
import { temporalErrors } from '../../runtime/temporal-errors';
import { generated, table } from './markdown';

const topics = topicNames('${KAFKA_TOPIC_PREFIX}');

/** docs/events.md: every event type, what it means, where it goes and what it causes. */
export function eventsPage(): string {
  const overview = table(
    [
      'type',
      'meaning',
      'priority',
      'topic',
      'key',
      'acting user',
      '`aggregate_id`',
      'after a dead letter',
      'workflow',
      'notes',
    ],
    catalogue.map((e) => [
      `[\`${e.type}\`](events/${e.type}.v${e.version}.json)`,
      e.meaning,
      e.priority,
      `\`${topics[e.domain]}\``,
      `\`${e.partitionKey}\``,
      e.actor === null ? '–' : `\`${e.actor}\``,
      `${e.aggregate.isKey ? `must be \`${e.partitionKey}\`` : 'any'}: ${e.aggregate.why}`,
      e.afterDeadLetter === 'hold' ? 'waits' : 'goes on',
      workflowsOf(e)
        .map((w) => `\`${w}\``)
        .join(' or '),
      notesOn(e),
    ]),
  );
  const aliases = table(
    ['canonical', 'also accepted on input'],
    catalogue.map((e) => [
      `\`${e.type}\``,
      spellingsOf(e.type)
        .slice(1)
        .map((name) => `\`${name}\``)
        .join(', '),
    ]),
  );
  return [
    '# Event catalogue',
    generated,
    'One row per event type, from `contracts/catalogue.ts`. The type links to the JSON Schema of its payload. _Also_: whether it creates content that later events point to, notifies people, or takes back what went out. The wire carries the canonical name only. _Acting user_: the field that names who caused the event; runs are listed by it (`ActorId`). _After a dead letter_ (`afterDeadLetter` in the catalogue): what follows one of this type in its aggregate goes on, or waits until it is requeued or released (`npx nova release-hold <event id>`).',
    overview,
    '## Spellings',
    aliases,
    '## Priorities',
    table(
      ['priority', 'commit to first effect, p99'],
      Object.entries(latencyBudgetMs).map(([name, ms]) => [name, `${ms} ms`]),
    ),
    '## Topics',
    table(
      ['topic', 'partitions'],
      Object.entries(topics).map(([domain, topic]) => [
        `\`${topic}\``,
        String(topicPartitions[domain as keyof typeof topicPartitions]),
      ]),
    ),
    'Each message has the payload alone as its body, with the defaults of its schema filled in, and the headers `event_id`, `event_type`, `schema_version`, `sequence`, `content-type` (always `application/json`) and, if the writer gave one or the deployment traces, `traceparent`. All of this is in [asyncapi.json](asyncapi.json), an AsyncAPI 3 document.',
    'With `KAFKA_CLOUDEVENTS=true` each message is a CloudEvent as well (version 1.0, Kafka binding, binary mode): the body and the headers stay, and `ce_specversion`, `ce_id` (the event id), `ce_source` (`KAFKA_CLOUDEVENTS_SOURCE`), `ce_type`, `ce_time` (when the row was written), `ce_subject` (the aggregate id) and, with `KAFKA_CLOUDEVENTS_SCHEMAS`, `ce_dataschema` are added, some 250 bytes.',
    'Numbers in a body have every digit that the writer wrote, be it a 64-bit integer or a long decimal. `JSON.parse` of JavaScript, and other parsers that make a double of each number, change what has more than 15 digits: read such fields with a parser that keeps them (`lossless-json`, `JsonNode` with `USE_BIG_DECIMAL_FOR_FLOATS`, `json.Decoder` with `UseNumber`, `parse_float=Decimal`, `jsonb`), or have the writer send them as strings. `payload` of `@nova-side-effects/client/subscriber` is made by `JSON.parse`; `body` beside it is the text. Numbers beyond ±1.8e308 are refused.',
    '## Effects',
    'An effect has a task queue, workers and connections of its own: one dead dependency delays only its own effect. A workflow runs on the queue of one effect and calls what it needs of the others. Every event is emitted to Kafka.',
    table(
      ['effect', 'task queue', 'meaning'],
      effectNames.map((name) => [`\`${name}\``, `\`<prefix>-${name}\``, effectOf(name).meaning]),
    ),
    '## Workflows',
    table(
      ['workflow', 'task queue', 'meaning'],
      Object.entries(workflowTypes).map(([name, w]) => [`\`${name}\``, `\`<prefix>-${w.queue}\``, w.meaning]),
    ),
    '## Notification kinds',
    table(
      ['kind', 'meaning', 'channels unless the user says otherwise', 'cannot be switched off'],
      Object.entries(notificationKinds).map(([name, k]) => [
        `\`${name}\``,
        k.meaning,
        k.defaultChannels.join(', '),
        k.lockedChannels.join(', '),
      ]),
    ),
    '',
  ].join('\n\n');
}

/** What follows from an event beside its workflow's own work, as its definition says. */
function notesOn(event: (typeof catalogue)[number]): string {
  return [
    ...(event.creates === undefined ? [] : [`creates a ${event.creates.contentType}`]),
    ...('notifies' in event || 'publishes' in event ? ['notifies'] : []),
    ...('voids' in event ? ['takes back'] : []),
  ].join(', ');
}

/** docs/failures.md: every failure code, its cause and what to do. */
export function failuresPage(): string {
  return [
    '# Failure codes',
    generated,
    'From `contracts/failures.ts`. A code is the first word of `last_error` on an outbox row, the type of a failure in the Temporal Web UI, and a label of metrics. Only causes `row` count attempts.',
    table(
      ['code', 'cause', 'retried', 'meaning', 'what to do'],
      Object.entries(failures).map(([code, f]) => [
        `\`${code}\``,
        f.cause,
        f.retryable ? 'yes' : 'no',
        f.meaning,
        // In a page it would be a tag.
        f.action.replaceAll('<id>', 'ID'),
      ]),
    ),
    '',
  ].join('\n\n');
}

/** docs/temporal-errors.md: what Temporal, gRPC and proxies refuse with, and whose fault it is taken for. */
export function temporalErrorsPage(): string {
  return [
    '# Temporal’s errors',
    generated,
    'What a start, or any other question of the bridge to Temporal, may be refused with, and which failure of the [catalogue](failures.md) it is taken for. From `runtime/temporal-errors.ts`; a test walks every line.',
    'The rule: a row is at fault only where Temporal says what is wrong with this very start. Whatever every start of this deployment would meet is an outage, overload, or the environment; nothing is counted then.',
    'A classification can be wrong all the same, so there is a fuse too: when starts of three different aggregates fail alike in a row and none succeeds, no failure is held against its row until one does. The bridge then says `refused` with the reason in `npx nova status` and `/healthz`, and `nova_bridge_fuse_blown` is 1.',
    ...temporalErrors.flatMap(({ source, cases }) => [
      `## ${source}`,
      table(
        ['what', 'gRPC status', 'recognized by', 'taken for', 'cause', 'why'],
        cases.map((c) => [
          c.name,
          c.status,
          c.detail !== undefined ? `\`${c.detail}\`` : c.text !== undefined ? `“${c.text}”` : 'status',
          `\`${c.code}\``,
          failures[c.code].cause,
          c.why,
        ]),
      ),
    ]),
    '',
  ].join('\n\n');
}

/** docs/events/<type>.v<version>.json: the JSON Schema of what a writer may put in the payload. */
export function schemaFiles(): Record<string, string> {
  return Object.fromEntries(
    catalogue.map((e) => [
      `docs/events/${e.type}.v${e.version}.json`,
      `${JSON.stringify({ $id: `${e.type}.v${e.version}`, title: e.type, description: e.meaning, ...z.toJSONSchema(e.schema, { io: 'input' }) }, null, 2)}\n`,
    ]),
  );
}

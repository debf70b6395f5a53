import { z } from 'zod';
import { type PriorityName } from '../priority';
import { type WorkflowType } from '../workflow-types';
import { type Consequences } from './consequences';

/** Kafka topics are per domain: `${KAFKA_TOPIC_PREFIX}.<domain>.events`. */
export const domains = ['content', 'media', 'identity', 'message', 'social', 'live', 'security'] as const;
export type Domain = (typeof domains)[number];

/** Where the payload decides which workflow runs. All candidates are named, so that they can be checked beforehand. */
export interface WorkflowChoice<Payload> {
  readonly among: readonly WorkflowType[];
  readonly choose: (payload: Payload) => WorkflowType;
}

export interface AggregateRule {
  readonly isKey: boolean;
  readonly why: string;
}

/** Rows of one aggregate id have an order, rows of one key go to one partition: where order matters they must be the same. */
export const aggregateIsKey = (why: string): AggregateRule => ({ isKey: true, why });
export const anyAggregate = (why: string): AggregateRule => ({ isKey: false, why });

/** One row of the event catalogue. Everything that differs between event types is here and nowhere else. */
export interface EventDefinition<
  Type extends string = string,
  Schema extends z.ZodType = z.ZodType,
> extends Consequences<z.output<Schema>> {
  /** Canonical dotted name; the only spelling on the wire. */
  readonly type: Type;
  /** One line for the catalogue page. */
  readonly meaning: string;
  /** Older spellings accepted on input only. */
  readonly aliases: readonly string[];
  /**
   * Current schema version; goes into the `schema_version` header. Raise it for whatever an older process cannot read, a new
   * value of an enumeration included: an older bridge then leaves the row to a newer one.
   */
  readonly version: number;
  readonly schema: Schema;
  readonly priority: PriorityName;
  readonly domain: Domain;
  /** What `aggregate_id` of the row names, for example `post`. */
  readonly aggregateType: string;
  /** Payload field that is the Kafka key and, for `publish()`, the default aggregate id. */
  readonly partitionKey: string;
  /** Payload field that names the user who caused the event; null: no one did. Operators list a person's runs by it. */
  readonly actor: string | null;
  /** Whether `aggregate_id` of the row must be that field, and why. */
  readonly aggregate: AggregateRule;
  /** The workflow the bridge starts. */
  readonly workflow: WorkflowType | WorkflowChoice<z.output<Schema>>;
  /**
   * What follows a dead letter of this type in its aggregate: goes on (the default), or is held back until the dead letter
   * is requeued or an operator lets it pass. For state machines whose next step is wrong without this one.
   */
  readonly afterDeadLetter?: 'continue' | 'hold';
  /** Brings an older producer's payload to today's field names before validation. */
  readonly upgrade?: (raw: Record<string, unknown>, aggregateId: string) => Record<string, unknown>;
}

/** Keeps the literal type name and the schema's type, and checks that the partition key and the actor are fields of the payload. */
export function defineEvent<const Type extends string, Schema extends z.ZodObject>(
  definition: EventDefinition<Type, Schema> & {
    partitionKey: keyof Schema['shape'] & string;
    actor: (keyof Schema['shape'] & string) | null;
  },
): EventDefinition<Type, Schema> {
  return definition;
}

/** `{ old: 'new' }` → an upgrade that copies the old field where the new one is absent. */
export function renameFields(names: Record<string, string>): (raw: Record<string, unknown>) => Record<string, unknown> {
  return (raw) => {
    const upgraded = { ...raw };
    for (const [from, to] of Object.entries(names)) {
      if (upgraded[to] === undefined && upgraded[from] !== undefined) upgraded[to] = upgraded[from];
      delete upgraded[from];
    }
    return upgraded;
  };
}

/** Any RFC 4122 layout, lower-cased: PostgreSQL prints UUIDs in lower case, and Redis compares bytes. */
export const uuid = () => z.guid().toLowerCase();
/** RFC 3339 with any offset. Informational: order and score come from the outbox row. */
export const timestamp = () => z.iso.datetime({ offset: true }).max(100);
/** Any URL, also a small picture as `data:`. */
export const url = () => z.url().max(65_536);
/** Ids of users mentioned, resolved by the writer: text is never parsed here. */
export const mentions = () => z.array(uuid()).max(100).optional();

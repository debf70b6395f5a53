/** Rows with the id of another. $1 id, $2 sequence of the other, $3 its created_at */
export const twins = `
  SELECT twin.aggregate_id = this.aggregate_id AND twin.payload = this.payload AS same, left(twin.event_type, 256) AS event_type
  FROM nova.outbox_events this JOIN nova.outbox_events twin ON twin.id = this.id AND twin.sequence <> this.sequence
  WHERE this.id = $1 AND this.sequence = $2 AND this.created_at = $3::timestamptz`;

/** The statement and its reasons are the function outbox_claim in migrations/0010_heads.sql. */
export const claim = `
  SELECT * FROM nova.outbox_claim($1::uuid, make_interval(secs => $2::double precision / 1000), $3::integer[], $4, $5, $6, $7::text[], $8, $9, $10, $11)`;

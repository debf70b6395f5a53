import { inSchema } from '../../../runtime/schema';

describe('an SQL text for another schema', () => {
  it('names that schema before every table, function and quoted name, and nothing else', () => {
    const sql = `SELECT nova.post_is_voided(p.id) FROM nova.posts p JOIN "x".nova.y ON z_nova.a = 1 WHERE c = 'nova.outbox_events'::regclass`;
    expect(inSchema(sql, 'side')).toBe(
      `SELECT "side".post_is_voided(p.id) FROM "side".posts p JOIN "x".nova.y ON z_nova.a = 1 WHERE c = '"side".outbox_events'::regclass`,
    );
  });

  it('is the same text for the schema it was written for, and always the same for another', () => {
    const sql = 'SELECT FROM nova.follows';
    expect(inSchema(sql, 'nova')).toBe(sql);
    expect(inSchema(sql, 'public')).toBe('SELECT FROM "public".follows');
    expect(inSchema(sql, 'public')).toBe(inSchema(sql, 'public'));
    expect(inSchema(sql, 'other')).toBe('SELECT FROM "other".follows');
  });
});

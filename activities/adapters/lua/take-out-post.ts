/**
 * One post out of many feeds, noting in the same step that these feeds are still to be looked at.
 * KEYS: the post's open pages, then the feeds. ARGV: post id, the users as one text, seconds that the note is kept.
 * Answers how many places it left.
 */
export const takeOutPost = `
redis.call('SADD', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
local removed = 0
for i = 2, #KEYS do
  removed = removed + redis.call('ZREM', KEYS[i], ARGV[1])
end
return removed
`;

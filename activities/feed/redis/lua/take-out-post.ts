/**
 * One post out of many feeds, and notes in the same step that these feeds must be looked at again.
 * KEYS: the post's open pages, then the feeds. ARGV: post id, the note's name, the users as one text, seconds it is kept.
 * Returns how many places it left.
 */
export const takeOutPost = `
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
local removed = 0
for i = 2, #KEYS do
  removed = removed + redis.call('ZREM', KEYS[i], ARGV[1])
end
return removed
`;

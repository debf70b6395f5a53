/** A feed becomes exactly this. KEYS: feed, bound. ARGV: bound, then score and post id of each. */
export const replaceFeed = `
redis.call('DEL', KEYS[1])
for i = 2, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('SET', KEYS[2], ARGV[1])
return 1
`;

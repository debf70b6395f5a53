/**
 * A feed becomes exactly this, and is not known until `confirmFeed`. KEYS: feed, bound, mark, epoch.
 * ARGV: bound, the write's name, then score and post id of each.
 */
export const replaceFeed = `
redis.call('DEL', KEYS[1])
for i = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], (redis.call('GET', KEYS[4]) or '0') .. ' ' .. ARGV[2])
return 1
`;

/**
 * The feed is known from now on, if this write of it was the last and Redis has lost nothing since. KEYS: mark, epoch.
 * ARGV: the write's name. Returns 1 when it is.
 */
export const confirmFeed = `
local epoch = redis.call('GET', KEYS[2]) or '0'
if redis.call('GET', KEYS[1]) ~= epoch .. ' ' .. ARGV[1] then return 0 end
redis.call('SET', KEYS[1], epoch)
return 1
`;

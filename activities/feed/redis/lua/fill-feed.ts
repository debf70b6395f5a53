import { trimFunction } from './trim';

/**
 * Many posts into one feed, where absent. A feed that was not there is not known any more: it was empty, or it was evicted.
 * KEYS: feed, bound, mark. ARGV: cap, then score and post id of each. Returns the number added before the trim.
 */
export const fillFeed = `${trimFunction}
local bound = tonumber(redis.call('GET', KEYS[2]) or '-1')
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', KEYS[3]) end
local added = 0
for i = 2, #ARGV, 2 do
  if tonumber(ARGV[i]) > bound then
    added = added + redis.call('ZADD', KEYS[1], 'NX', ARGV[i], ARGV[i + 1])
  end
end
trim(KEYS[1], KEYS[2], tonumber(ARGV[1]))
return added
`;

import { trimFunction } from './trim';

/**
 * Many posts into one feed, where absent.
 * KEYS: feed, bound. ARGV: cap, then score and post id of each. Answers the number added before the trim.
 */
export const fillFeed = `${trimFunction}
local bound = tonumber(redis.call('GET', KEYS[2]) or '-1')
local added = 0
for i = 2, #ARGV, 2 do
  if tonumber(ARGV[i]) > bound then
    added = added + redis.call('ZADD', KEYS[1], 'NX', ARGV[i], ARGV[i + 1])
  end
end
trim(KEYS[1], KEYS[2], tonumber(ARGV[1]))
return added
`;

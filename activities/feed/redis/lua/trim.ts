/**
 * Lua function shared by the scripts that add: brings a feed back to the cap and remembers the bound. Drops every member
 * whose score does not exceed that of the lowest one too many, so that the feed is exactly what lies above its bound and
 * the order in which posts arrive makes no difference. Returns how many there were before.
 */
export const trimFunction = `
local function trim(feed, bound, cap)
  local size = redis.call('ZCARD', feed)
  local surplus = size - cap
  if surplus > 0 then
    local score = redis.call('ZRANGE', feed, surplus - 1, surplus - 1, 'WITHSCORES')[2]
    redis.call('ZREMRANGEBYSCORE', feed, '-inf', score)
    redis.call('SET', bound, score)
  end
  return size
end
`;

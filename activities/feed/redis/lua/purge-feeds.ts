/**
 * The posts of a list out of feeds. KEYS: the list (a set), then the feeds. Returns how many places they left, or -1 when
 * the list is gone. The cost of a feed is that of the shorter of the two.
 */
export const purgeFeeds = `
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
local removed = 0
for i = 2, #KEYS do
  local listed = redis.call('ZINTER', 2, KEYS[i], KEYS[1])
  for from = 1, #listed, 1000 do
    removed = removed + redis.call('ZREM', KEYS[i], unpack(listed, from, math.min(from + 999, #listed)))
  end
end
return removed
`;

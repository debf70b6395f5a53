/** Posts out of feeds. KEYS: feeds. ARGV: post ids. Returns how many places they left. */
export const removePosts = `
local removed = 0
for i = 1, #KEYS do
  removed = removed + redis.call('ZREM', KEYS[i], unpack(ARGV))
end
return removed
`;

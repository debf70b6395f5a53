/**
 * Remembers a tombstone; the stronger of two stays: final before not final, then the later sequence.
 * KEYS: tombstone. ARGV: 'final' or the sequence, seconds to live.
 */
export const markDead = `
local known = redis.call('GET', KEYS[1])
local mine = ARGV[1]
if known == 'final' or (known and mine ~= 'final' and tonumber(known) > tonumber(mine)) then mine = known end
redis.call('SET', KEYS[1], mine, 'EX', ARGV[2])
return 1
`;

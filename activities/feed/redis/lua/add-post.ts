import { trimFunction } from './trim';

/**
 * One post into many feeds, where absent, and notes in the same step that these feeds must be looked at again. A feed
 * that was not there is not known any more: it was empty, or it was evicted. KEYS: the post's tombstone, the post's
 * open pages, then feed, bound and mark of each user. ARGV: post id, score, sequence, cap, the note's name, the users
 * as one text, seconds that the note is kept. Returns the number of feeds added to, or -1 without writing if the
 * tombstone forbids the post.
 */
export const addPost = `${trimFunction}
local dead = redis.call('GET', KEYS[1])
local score = tonumber(ARGV[2])
if dead and (dead == 'final' or tonumber(dead) >= tonumber(ARGV[3])) then return -1 end
local cap = tonumber(ARGV[4])
redis.call('HSET', KEYS[2], ARGV[5], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[7])
local added = 0
for i = 3, #KEYS, 3 do
  local bound = redis.call('GET', KEYS[i + 1])
  if (not bound or score > tonumber(bound)) and redis.call('ZADD', KEYS[i], 'NX', ARGV[2], ARGV[1]) == 1 then
    added = added + 1
    if trim(KEYS[i], KEYS[i + 1], cap) == 1 then redis.call('DEL', KEYS[i + 2]) end
  end
end
return added
`;

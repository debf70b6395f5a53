/** Raises two numbers. KEYS: epoch, counter. ARGV: what they are to be at least. */
export const raiseStore = `
for i = 1, 2 do
  if tonumber(redis.call('GET', KEYS[i]) or '0') < tonumber(ARGV[i]) then redis.call('SET', KEYS[i], ARGV[i]) end
end
return 1
`;

-- Some of the keys of one node, of some kinds only: of a million keys most are dedupe names, which nobody asks for.
-- KEYS: any key of the shard whose node is asked. ARGV: cursor, how many keys to look at, shard ('' for every one), then
--   kinds (what follows the shard in a key's name). Answers the next cursor ('0' at the end) and the keys.
local kinds, found = {}, {}
for n = 4, #ARGV do
  kinds[ARGV[n]] = true
end
local page = redis.call('SCAN', ARGV[1], 'MATCH', 'hark:{*', 'COUNT', ARGV[2])
for _, key in ipairs(page[2]) do
  local shard, kind = string.match(key, '^hark:{(%d+)}:([^:]+)')
  if kinds[kind] and (ARGV[3] == '' or ARGV[3] == shard) then
    found[#found + 1] = key
  end
end
return { page[1], found }

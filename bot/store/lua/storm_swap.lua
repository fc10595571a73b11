-- The weather of a channel, unless somebody changed it meanwhile. KEYS: weather. ARGV: channel, version expected
--   ('0': none stored), new document or '' (forget it). A document is '<version>|<json>'. Answers 1 or 0.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local version = stored and string.match(stored, '^(%d+)|') or '0'
if version ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1

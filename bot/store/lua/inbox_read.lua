-- KEYS: inbox. ARGV: group, consumer, limit. Answers {id, fields} of deliveries that nobody has taken yet.
local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
return reply and reply[1][2] or {}

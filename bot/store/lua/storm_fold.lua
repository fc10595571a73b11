-- Fold a case or let it have its own card. KEYS: folded, shown, admitted, people, counts, words.
-- ARGV: case, band, score, now (ms), band of complaints, width of a band, room, until when admitted (ms), author or '',
--   mood, complaint (0 or 1), ms to keep, admit (0 or 1), then words. Answers 'own' or 'folded'.
local FOLDED, SHOWN, ADMITTED, PEOPLE, COUNTS, WORDS = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local id, band, score, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local complaints, width = tonumber(ARGV[5]), tonumber(ARGV[6])
local MOST_WORDS = 400

if redis.call('SISMEMBER', SHOWN, id) == 1 then
  if redis.call('ZSCORE', ADMITTED, id) then
    redis.call('ZADD', ADMITTED, ARGV[8], id)
  end
  return 'own'
end
if ARGV[13] == '1' then
  if band > complaints and ARGV[9] ~= '' and redis.call('ZSCORE', PEOPLE, ARGV[9]) then
    score = score - (band - complaints) * width
    band = complaints
  end
  if band <= complaints then
    redis.call('ZREMRANGEBYSCORE', ADMITTED, '-inf', now)
    local known = redis.call('ZSCORE', ADMITTED, id)
    local ahead = redis.call('ZCOUNT', FOLDED, '-inf', string.format('(%.0f', (complaints + 1) * width))
    if known or (ahead == 0 and redis.call('ZCARD', ADMITTED) < tonumber(ARGV[7])) then
      redis.call('ZADD', ADMITTED, ARGV[8], id)
      redis.call('PEXPIRE', ADMITTED, ARGV[12])
      redis.call('ZREM', FOLDED, id)
      return 'own'
    end
  end
end
if not redis.call('ZSCORE', FOLDED, id) then
  redis.call('HINCRBY', COUNTS, 'folded', 1)
  redis.call('HINCRBY', COUNTS, ARGV[10], 1)
  redis.call('HINCRBY', COUNTS, 'complaints', ARGV[11])
  for n = 14, #ARGV do
    redis.call('ZINCRBY', WORDS, 1, ARGV[n])
  end
  if redis.call('ZCARD', WORDS) > MOST_WORDS then
    redis.call('ZREMRANGEBYRANK', WORDS, 0, MOST_WORDS / 2)
  end
  redis.call('PEXPIRE', COUNTS, ARGV[12])
  redis.call('PEXPIRE', WORDS, ARGV[12])
end
redis.call('ZADD', FOLDED, string.format('%.0f', score), id)
return 'folded'

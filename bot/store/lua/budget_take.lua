-- Tokens of a bucket. KEYS: bucket. ARGV: now (ms), tokens per second, burst, spare ms of life, how many tokens are wanted
-- at most, how many have to be left for others: who asks so is told no where there are fewer, and counts for nothing then.
-- Answers how many were taken, and the ms to wait (0 if all that were wanted): each one refused since the last grant is
-- sent to a later token, so that a crowd does not come back all at once for a single one. Clocks of several processes
-- differ: time never runs backwards here.
local LONGEST = 60000 -- ms
local HAIR = 1e-6 -- what sums of fractions may be off by
local now, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'paused', 'refused')
local at = math.max(tonumber(stored[2]) or now, now)
local tokens = math.min(burst, (tonumber(stored[1]) or burst) + (at - (tonumber(stored[2]) or at)) * rate / 1000)
local wanted, left = tonumber(ARGV[5]), tonumber(ARGV[6])
local paused = (tonumber(stored[3]) or 0) - now
local refused = tonumber(stored[4]) or 0
local wait = 0
local taken = paused > 0 and 0 or math.max(0, math.min(wanted, math.floor(tokens - left + HAIR)))
if taken > 0 then
  tokens = math.max(0, tokens - taken)
  refused = 0
end
if paused > 0 then
  wait = paused
elseif taken == wanted then
  wait = 0
elseif taken > 0 or left > 0 then
  wait = 1
else
  local first = math.max(1, math.ceil((1 - tokens) * 1000 / rate - HAIR))
  wait = math.max(first, math.min(LONGEST, first + math.floor(refused * 1000 / rate)))
  refused = refused + 1
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', at),
  'refused', refused)
local life = math.max(burst * 1000 / rate, paused) + tonumber(ARGV[4])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', life))
return { taken, wait }

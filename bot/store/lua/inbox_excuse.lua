-- Takes one taking of deliveries back: what came in between was not their doing. KEYS: inbox. ARGV: group, then ids.
-- Whoever has them by now keeps them, and for how long nobody touched them stays as it is. One taking is always left: it
-- tells what somebody had in hands from what nobody has taken yet.
for n = 2, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[n], ARGV[n], 1)[1]
  if pending and pending[4] > 1 then
    local owner, idle, delivered = pending[2], pending[3], pending[4]
    redis.call('XCLAIM', KEYS[1], ARGV[1], owner, 0, ARGV[n], 'IDLE', idle, 'RETRYCOUNT', delivered - 1, 'JUSTID')
  end
end

-- Another wording for one line of a list, wherever it stands by now. KEYS: log. ARGV: the line, its new wording.
local at = redis.call('LPOS', KEYS[1], ARGV[1])
if at then
  redis.call('LSET', KEYS[1], at, ARGV[2])
end
return at and 1 or 0

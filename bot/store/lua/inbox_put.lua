-- Deliveries that came together. KEYS: inbox. ARGV: number of fields, their names, then the values of each delivery.
local width = tonumber(ARGV[1])
local entry = {}
for first = 2 + width, #ARGV, width do
  for n = 0, width - 1 do
    entry[2 * n + 1] = ARGV[2 + n]
    entry[2 * n + 2] = ARGV[first + n]
  end
  redis.call('XADD', KEYS[1], '*', unpack(entry))
end
return #ARGV

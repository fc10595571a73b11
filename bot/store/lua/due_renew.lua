-- KEYS: q, held, leases. ARGV: lease (ms), then id, token, id, token, ... Answers the tokens and ids of lost leases.
local lost = {}
for n = 2, #ARGV, 2 do
  if due_renew(KEYS[1], KEYS[2], KEYS[3], ARGV[n], ARGV[n + 1], tonumber(ARGV[1])) == 0 then
    lost[#lost + 1] = ARGV[n + 1] .. ARGV[n]
  end
end
return lost

-- Give leases back, then take what is due. A full server refuses all of it or nothing: the first write decides.
-- KEYS: q, held, again, leases. ARGV: now (ms), limit (0: take nothing), lease (ms), token, then id, token and score (or
--   '': done with) of each lease that goes back. Answers id, band and lapses of the first, of the second, ...
local ids, tokens, scores = {}, {}, {}
for n = 5, #ARGV, 3 do
  ids[#ids + 1] = ARGV[n]
  tokens[#tokens + 1] = ARGV[n + 1]
  scores[#scores + 1] = tonumber(ARGV[n + 2]) or false
end
due_give_back(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ids, tokens, scores)
local limit = tonumber(ARGV[2])
if limit < 1 then
  return {}
end
return due_take(KEYS[1], KEYS[2], KEYS[4], tonumber(ARGV[1]), limit, tonumber(ARGV[3]), ARGV[4])

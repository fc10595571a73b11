-- KEYS: q, held, again. ARGV: id, score.
due_mark(KEYS[1], KEYS[2], KEYS[3], ARGV[1], tonumber(ARGV[2]))
return 1

-- KEYS: q, held, again, leases. ARGV: id, token, score or ''. Answers 1, or 0 when the lease is somebody else's by now.
return due_give_back(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], tonumber(ARGV[3]))

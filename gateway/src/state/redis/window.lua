-- KEYS[1]: the window, a sorted set whose members all have the score 0: in the order of their octets. ARGV[1]: what is
-- below is too old; ARGV[2]: how many stay; ARGV[3]: its life in milliseconds; ARGV[4]: what is put in, if anything.
-- Twice is as once, and it is of no epoch: nothing of memory.lua is needed.
if ARGV[4] then
  redis.call('ZADD', KEYS[1], 0, ARGV[4])
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
end
if ARGV[1] ~= '' then redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. ARGV[1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[2]) - 1)
return redis.call('ZRANGE', KEYS[1], 0, -1)

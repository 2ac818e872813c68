-- KEYS[2]: the entry. ARGV[3]: this call; ARGV[4]: the holder; ARGV[5]: the value; ARGV[6]: its life.
local there = redis.call('HMGET', KEYS[2], 'call', 'epoch')
if there[1] and there[2] == epoch then
  return there[1] == ARGV[3] and 'put' or 'taken'
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'call', ARGV[3], 'epoch', epoch, 'holder', ARGV[4], 'value', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return 'put'

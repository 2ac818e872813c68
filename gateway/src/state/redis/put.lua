-- KEYS[2]: the entry. ARGV[3]: this call; ARGV[4]: the holder; ARGV[5]: the value; ARGV[6]: its life.
local there = redis.call('HMGET', KEYS[2], 'call', 'epoch')
if there[1] and there[2] == epoch then
  return there[1] == ARGV[3] and 'put' or 'taken'
end
-- Only then: after the first write a script is not told any more that the memory is full.
if there[1] then redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[2], 'call', ARGV[3], 'epoch', epoch, 'holder', ARGV[4], 'value', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return 'put'

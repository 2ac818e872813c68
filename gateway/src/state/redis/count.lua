-- KEYS[2]: the number; KEYS[3]: the total of this call, should its answer be lost. ARGV[3]: how much; ARGV[4]: the
-- number's life; ARGV[5]: the epoch in which it is counted; ARGV[6]: how long the call may be repeated.
if epoch ~= ARGV[5] then return 'lost' end
local said = redis.call('GET', KEYS[3])
if said then return said end
local of = redis.call('HGET', KEYS[2], 'epoch')
if of ~= epoch then
  if of then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[2], 'epoch', epoch)
end
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
redis.call('HINCRBY', KEYS[2], 'total', ARGV[3])
local total = redis.call('HGET', KEYS[2], 'total')
redis.call('SET', KEYS[3], total, 'PX', ARGV[6])
return total

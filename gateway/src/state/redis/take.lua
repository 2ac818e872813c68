-- KEYS[2]: the entry; KEYS[3]: what this call was handed, should its answer be lost. ARGV[3]: this call; ARGV[4]: the
-- holder; ARGV[5]: how long the call may be repeated.
local there = redis.call('HMGET', KEYS[2], 'epoch', 'holder', 'value', 'taker')
if there[1] ~= epoch then return { 'unknown' } end
if there[2] ~= ARGV[4] then return { 'another' } end
if there[3] then
  redis.call('HDEL', KEYS[2], 'value')
  redis.call('HSET', KEYS[2], 'taker', ARGV[3])
  redis.call('SET', KEYS[3], there[3], 'PX', ARGV[5])
  return { 'now', there[3] }
end
if there[4] == ARGV[3] then
  local handed = redis.call('GET', KEYS[3])
  if handed then return { 'now', handed } end
end
return { 'before' }

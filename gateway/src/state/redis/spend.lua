-- KEYS[2]: the name. ARGV[3]: this call; ARGV[4]: its life; ARGV[5]: the epoch in which it is to be spent.
if epoch ~= ARGV[5] then return 'lost' end
if redis.call('SET', KEYS[2], ARGV[3], 'NX', 'PX', ARGV[4]) then return 'first' end
return redis.call('GET', KEYS[2]) == ARGV[3] and 'first' or 'again'

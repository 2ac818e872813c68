-- KEYS[2]: the room. ARGV[3]: the member.
redis.call('ZREM', KEYS[2], ARGV[3])
return 'out'

-- Which epoch, since when (microseconds of the server's clock), and may anything be thrown away before it is past?
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local memory = redis.call('INFO', 'memory')
local bounded = string.match(memory, 'maxmemory:(%d+)') ~= '0'
local policy = string.match(memory, 'maxmemory_policy:([%a-]+)')
return { epoch, since, (bounded and policy ~= 'noeviction') and 'evicts' or 'keeps' }

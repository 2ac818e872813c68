-- Said before every script: is this the memory that began the epoch? KEYS[1]: where the epoch of this share is written.
-- ARGV[1]: the name of a new epoch, should one begin; ARGV[2]: its life in milliseconds.
-- Another process (restarted, or promoted after a failover) may lack the last writes, even if the epoch is written.
local process = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local written = redis.call('GET', KEYS[1])
local epoch, since, by
if written then epoch, since, by = string.match(written, '^(%x+) (%d+) (%x+)$') end
if not epoch or by ~= process then
  local now = redis.call('TIME')
  epoch, since = ARGV[1], now[1] .. string.format('%06d', now[2])
  redis.call('SET', KEYS[1], epoch .. ' ' .. since .. ' ' .. process, 'PX', ARGV[2])
end

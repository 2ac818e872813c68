-- KEYS[2]: the room.
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[2], '(' .. (time[1] * 1000 + math.floor(time[2] / 1000)), '+inf')

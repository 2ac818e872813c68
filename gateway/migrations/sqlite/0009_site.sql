-- Where and when an establishment works: what fraud rules and care pathway ask about. NULL: nobody said.
ALTER TABLE client ADD COLUMN care_level TEXT;      -- primary, specialist, hospital
ALTER TABLE client ADD COLUMN position TEXT;        -- degrees north, degrees east: 33.573110,-7.589843
ALTER TABLE client ADD COLUMN opening_hours TEXT;   -- by the local clock: 08:30-20:00; 00:00-00:00 is always

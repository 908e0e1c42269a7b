-- name: holder
SELECT owner FROM process_lock WHERE name = :name AND held_until > :now

-- name: take
-- A right that is over, or whose holder is dead for certain, is free.
INSERT INTO process_lock (name, owner, held_until) VALUES (:name, :owner, :until)
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, held_until = excluded.held_until
WHERE process_lock.owner IN (excluded.owner, :dead) OR process_lock.held_until <= :now
RETURNING owner

-- name: release
DELETE FROM process_lock WHERE name = :name AND owner = :owner

-- name: dispute
UPDATE process_lock SET rival = :rival, rival_until = :until WHERE name = :name

-- name: disputes
SELECT name, owner, rival FROM process_lock WHERE held_until > :now AND rival_until > :now ORDER BY name

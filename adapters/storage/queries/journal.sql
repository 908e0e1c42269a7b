-- name: holds_lease
-- The fence before every write. PostgreSQL adds FOR SHARE, so that nobody takes the job over before the commit.
SELECT 1 FROM job WHERE id = :job AND owner = :owner AND epoch = :epoch AND state = 'running'

-- name: steps
-- In the order in which they first began.
SELECT * FROM step WHERE job = :job ORDER BY id

-- name: begin
INSERT INTO step (job, name, state, epoch, at, hold) VALUES (:job, :name, 'began', :epoch, :now, :hold)
ON CONFLICT (job, name) DO UPDATE
SET state = 'began', epoch = excluded.epoch, vendor_id = NULL, digest = '', reason = NULL, at = excluded.at,
    hold = excluded.hold
WHERE step.state <> 'done'
RETURNING name

-- name: accepted
UPDATE step SET state = 'accepted', epoch = :epoch, vendor_id = :vendor_id, digest = :digest, at = :now
WHERE job = :job AND name = :name AND state IN ('began', 'accepted')
RETURNING name

-- name: done
UPDATE step SET state = 'done', epoch = :epoch, result = :result, reason = NULL, at = :now
WHERE job = :job AND name = :name AND state IN ('began', 'accepted', 'unknown')
RETURNING name

-- name: failed
UPDATE step SET state = 'failed', epoch = :epoch, reason = :reason, at = :now
WHERE job = :job AND name = :name AND state IN ('began', 'accepted', 'unknown')
RETURNING name

-- name: unknown
UPDATE step SET state = 'unknown', epoch = :epoch, reason = :reason, at = :now
WHERE job = :job AND name = :name AND state IN ('began', 'accepted')
RETURNING name

-- name: submit
INSERT INTO job (id, lane, channel, platform, author, refused, state, message, tries, epoch, run_at, created_at)
VALUES (:id, :lane, :channel, :platform, :author, :refused, 'ready', :message, 0, 0, :now, :now)
ON CONFLICT (id) DO NOTHING
RETURNING seq

-- name: advance_mark
-- Never goes back. Message keys are numbers written out, so a longer one is later.
INSERT INTO mark (platform, workspace, channel, thread, direct, key)
VALUES (:platform, :workspace, :channel, :thread, :direct, :key)
ON CONFLICT (platform, workspace, channel, thread) DO UPDATE SET key = excluded.key
WHERE (length(excluded.key), excluded.key) > (length(mark.key), mark.key)

-- name: claim
-- The first waiting job of each lane in which nothing runs. PostgreSQL adds FOR UPDATE SKIP LOCKED to the inner query.
UPDATE job SET state = 'running', owner = :owner, epoch = epoch + 1, tries = tries + 1
WHERE seq IN (
    SELECT due.seq FROM job AS due
    WHERE due.state = 'ready' AND due.run_at <= :now
        AND :platforms LIKE '%,' || due.platform || ',%'
        AND due.seq = (SELECT min(first.seq) FROM job AS first WHERE first.lane = due.lane AND first.state = 'ready')
        AND NOT EXISTS (SELECT 1 FROM job AS other WHERE other.lane = due.lane AND other.state = 'running')
    ORDER BY due.run_at, due.seq
    LIMIT :limit
)
RETURNING *

-- name: finish
UPDATE job SET state = 'done', owner = NULL, ended_at = :now, error = NULL
WHERE id = :job AND owner = :owner AND epoch = :epoch AND state = 'running'
RETURNING seq

-- name: retry
UPDATE job SET state = 'ready', owner = NULL, run_at = :run_at, error = :reason
WHERE id = :job AND owner = :owner AND epoch = :epoch AND state = 'running'
RETURNING seq

-- name: bury
UPDATE job SET state = 'failed', owner = NULL, ended_at = :now, error = :reason
WHERE id = :job AND owner = :owner AND epoch = :epoch AND state = 'running'
RETURNING seq

-- name: ask
UPDATE job SET state = 'asked', owner = NULL, error = :reason
WHERE id = :job AND owner = :owner AND epoch = :epoch AND state = 'running'
RETURNING seq

-- name: release
UPDATE job SET state = 'ready', owner = NULL, tries = tries - 1
WHERE id = :job AND owner = :owner AND epoch = :epoch AND state = 'running'
RETURNING seq

-- name: settle_doubt
UPDATE step SET state = 'failed', reason = 'to be repeated, somebody decided', at = :now
WHERE job = :job AND state = 'unknown'
    AND EXISTS (SELECT 1 FROM job WHERE job.id = step.job AND job.state = 'asked')

-- name: repeat
UPDATE job SET state = 'ready', run_at = :now
WHERE id = :job AND state = 'asked'
RETURNING seq

-- name: drop
UPDATE job SET state = 'cancelled', ended_at = :now
WHERE id = :job AND state = 'asked'
RETURNING seq

-- name: cancel
UPDATE job SET state = 'cancelled', owner = NULL, ended_at = :now
WHERE id = :job AND state IN ('ready', 'running', 'asked')
RETURNING seq

-- name: workers
SELECT id FROM worker

-- name: served
SELECT 1 FROM worker WHERE alive_until >= :now LIMIT 1

-- name: live
-- Writes only when a third of the lease is over, so that a quick sweep costs no commit.
INSERT INTO worker (id, alive_until) VALUES (:owner, :alive_until)
ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
WHERE worker.alive_until < :renew_before

-- name: forget
DELETE FROM worker WHERE id = :worker

-- name: forget_expired
DELETE FROM worker WHERE alive_until < :now

-- name: requeue
UPDATE job SET state = 'ready', owner = NULL
WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM worker WHERE worker.id = job.owner)
RETURNING seq

-- name: get
SELECT * FROM job WHERE id = :job

-- name: recent
SELECT * FROM job ORDER BY seq DESC LIMIT :limit

-- name: recent_in_state
SELECT * FROM job WHERE state = :state ORDER BY seq DESC LIMIT :limit

-- name: newest
-- Of a channel, or of one lane or one state in it: whatever is NULL does not matter.
SELECT * FROM job
WHERE channel = :channel
    AND lane = coalesce(CAST(:lane AS TEXT), lane) AND state = coalesce(CAST(:state AS TEXT), state)
ORDER BY seq DESC LIMIT 1

-- name: takes_part
SELECT 1 FROM mark
WHERE platform = :platform AND workspace = :workspace AND channel = :channel AND thread = :thread

-- name: sent
SELECT created_at FROM job
WHERE author = :author AND created_at >= :since AND refused = :refused AND :within IN (:workspace, channel, lane)
ORDER BY created_at DESC, seq DESC LIMIT :limit

-- name: marks
SELECT * FROM mark WHERE platform = :platform

-- name: submit
-- Who is only to be told, or has nothing more to say, is none whose words are kept. The author is compared by an
-- expression, because the index of authors leads through all that somebody ever said.
INSERT INTO job (
    id, subject, revision, position, errand, lane, channel, platform, author, refused, words, gathers, stream, state, message,
    tries, epoch, run_at, created_at
) VALUES (
    :id, :subject, :revision, :position, :errand, :lane, :channel, :platform, :author, :refused, :words, :gathers, :stream, 'ready',
    :message, 0, 0,
    (
        SELECT CASE
            WHEN :pause > 0 AND min(created_at) + :longest < :now + :pause THEN min(created_at) + :longest
            ELSE :now + :pause
        END
        FROM job AS before
        WHERE :pause > 0 AND before.stream = :stream AND before.author || '' = :author AND before.state = 'ready'
            AND before.gathers = 1 AND before.lead IS NULL AND before.epoch = 0
    ),
    :now
)
ON CONFLICT (id) DO NOTHING
RETURNING seq

-- name: hold_on
-- Who goes on speaking is waited for; what waits for something else than that is left as it is.
UPDATE job SET run_at = (
    SELECT CASE WHEN min(created_at) + :longest < :now + :pause THEN min(created_at) + :longest ELSE :now + :pause END
    FROM job AS before
    WHERE before.stream = :stream AND before.author || '' = :author AND before.state = 'ready' AND before.gathers = 1
        AND before.lead IS NULL AND before.epoch = 0
)
WHERE stream = :stream AND author = :author AND state = 'ready' AND gathers = 1 AND lead IS NULL AND epoch = 0
    AND run_at > :now AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.id = :id)

-- name: stop_before
UPDATE job SET state = 'cancelled', owner = NULL, ended_at = :now
WHERE subject = :subject AND revision < :revision AND state IN ('ready', 'running', 'asked')
    AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.id = :id)

-- name: revise
-- A job that was to remove a reply, or to stop it, becomes one that answers: it holds words from then on.
UPDATE job SET message = :message, errand = :errand, refused = :refused, words = :words
WHERE id = :id AND message = :was AND state = 'ready' AND tries = 0 AND lead IS NULL
    AND NOT EXISTS (SELECT 1 FROM step WHERE step.job = job.id)
RETURNING seq

-- name: advance_mark
-- Never goes back. Message keys are numbers written out, so a longer one is later; with an empty one we only take part.
INSERT INTO mark (platform, workspace, channel, thread, direct, key, joined)
VALUES (:platform, :workspace, :channel, :thread, :direct, :key, :joined)
ON CONFLICT (platform, workspace, channel, thread) DO UPDATE SET
    key = CASE
        WHEN (length(excluded.key), excluded.key) > (length(mark.key), mark.key) THEN excluded.key ELSE mark.key
    END,
    joined = CASE WHEN excluded.joined < mark.joined THEN excluded.joined ELSE mark.joined END
WHERE (length(excluded.key), excluded.key) > (length(mark.key), mark.key) OR excluded.joined < mark.joined

-- name: caught_up
UPDATE mark SET key = :key
WHERE platform = :platform AND workspace = :workspace AND channel = :channel AND thread = :thread
    AND (length(CAST(:key AS TEXT)), CAST(:key AS TEXT)) > (length(key), key)

-- name: gather
-- Messages of one person that wait side by side get the last of them as their lead; see bot/domain/gathering.py. What was
-- begun ever (epoch) stands alone: it may have been posted or paid in part. '~' is behind every position.
UPDATE job SET lead = (
    SELECT last.subject FROM job AS last
    WHERE last.stream = job.stream AND last.state = 'ready' AND last.lead IS NULL AND last.position > job.position
        AND last.author = job.author AND last.gathers = 1 AND last.epoch = 0
        AND last.position <= coalesce((
            SELECT other.position FROM job AS other
            WHERE other.stream = job.stream AND other.state = 'ready' AND other.lead IS NULL
                AND other.position > job.position
                AND (other.gathers = 0 OR other.author <> job.author OR other.epoch > 0)
            ORDER BY other.position LIMIT 1
        ), '~')
    ORDER BY last.position DESC LIMIT 1
)
WHERE state = 'ready' AND run_at <= :now AND gathers = 1 AND lead IS NULL AND epoch = 0
    AND NOT EXISTS (SELECT 1 FROM job AS busy WHERE busy.lane = job.lane AND busy.state = 'running')
    AND (
        SELECT next.author = job.author AND next.gathers = 1 AND next.epoch = 0 FROM job AS next
        WHERE next.stream = job.stream AND next.state = 'ready' AND next.lead IS NULL AND next.position > job.position
        ORDER BY next.position LIMIT 1
    )

-- name: gather_on
-- A lead that was given one itself, before its turn began.
UPDATE job SET lead = (SELECT old.lead FROM job AS old WHERE old.id = job.lead)
WHERE lead IS NOT NULL AND state = 'ready'
    AND EXISTS (SELECT 1 FROM job AS old WHERE old.id = job.lead AND old.lead IS NOT NULL)

-- name: gathered
SELECT lead, message FROM job WHERE lead IN (:subjects) AND state <> 'cancelled' AND words = 1 ORDER BY position

-- name: end_gathered
-- They end with the last open job of the message that leads them.
UPDATE job SET state = 'done', ended_at = :now
WHERE lead IS NOT NULL AND state = 'ready'
    AND NOT EXISTS (
        SELECT 1 FROM job AS leading WHERE leading.subject = job.lead AND leading.state IN ('ready', 'running', 'asked')
    )

-- name: rewrite
UPDATE job SET message = :message
WHERE id = :id AND lead = :lead AND words = 1 AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.id = :next)

-- name: holds
SELECT 1 FROM job WHERE id = :job AND words = 1

-- name: part
UPDATE job SET lead = NULL
WHERE id = :id AND lead = :lead AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.id = :next)
RETURNING seq

-- name: set_free
UPDATE job SET lead = NULL
WHERE lead = :subject AND state = 'ready' AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.id = :id)

-- name: claim
-- The first waiting job of each lane in which nothing runs, in the order in which they were said; what became of a message
-- before is first of all.
-- PostgreSQL adds FOR UPDATE SKIP LOCKED to the inner query. Without the CAST, SQLite walks through all that was ever led.
UPDATE job SET state = 'running', owner = :owner, epoch = epoch + 1, tries = tries + 1
WHERE seq IN (
    SELECT due.seq FROM job AS due
    WHERE due.state = 'ready' AND due.lead IS NULL AND due.run_at <= :now
        AND :platforms LIKE '%,' || due.platform || ',%' AND due.lane = coalesce(CAST(:only AS TEXT), due.lane)
        AND due.seq = (
            SELECT first.seq FROM job AS first
            WHERE first.lane = due.lane AND first.state = 'ready' AND first.lead IS NULL
            ORDER BY first.revision = 0, first.position, first.seq LIMIT 1
        )
        AND NOT EXISTS (SELECT 1 FROM job AS other WHERE other.lane = due.lane AND other.state = 'running')
    ORDER BY due.run_at, due.seq
    LIMIT :limit
)
RETURNING *, EXISTS (SELECT 1 FROM job AS member WHERE member.lead = CAST(job.subject AS TEXT)) AS leads

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

-- name: forget_summary
-- The conversation has it; what it stands for there may be erased before this turn is.
UPDATE step SET result = NULL WHERE job = :job AND name LIKE 'summary:%'

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

-- name: held
SELECT id, owner, epoch FROM job WHERE owner = :owner AND state = 'running'

-- name: get
SELECT * FROM job WHERE id = :job

-- name: of_message
SELECT * FROM job WHERE subject = :subject ORDER BY revision

-- name: under_way
-- The name of a conversation begins with that of its workspace and a colon, after which comes a semicolon.
SELECT * FROM job
WHERE state IN ('ready', 'running', 'asked') AND lane = :within
UNION ALL
SELECT * FROM job
WHERE state IN ('ready', 'running', 'asked') AND lane >= :within || ':' AND lane < :within || ';'
ORDER BY seq

-- name: recent
SELECT * FROM job ORDER BY seq DESC LIMIT :limit

-- name: recent_in_state
SELECT * FROM job WHERE state = :state ORDER BY seq DESC LIMIT :limit

-- name: newest
-- Of a channel, or of one lane or one state in it: whatever is NULL does not matter.
SELECT * FROM job
WHERE channel = :channel
    AND lane = coalesce(CAST(:lane AS TEXT), lane) AND state = coalesce(CAST(:state AS TEXT), state)
    AND errand = 'answer'
ORDER BY seq DESC LIMIT 1

-- name: takes_part
SELECT 1 FROM mark
WHERE platform = :platform AND workspace = :workspace AND channel = :channel AND thread = :thread
    AND joined <= :position

-- name: sent
SELECT created_at FROM job
WHERE author = :author AND created_at >= :since AND refused = :refused AND :within IN (:workspace, channel, lane)
    AND errand = 'answer'
ORDER BY created_at DESC, seq DESC LIMIT :limit

-- name: marks
SELECT * FROM mark WHERE platform = :platform AND key <> ''

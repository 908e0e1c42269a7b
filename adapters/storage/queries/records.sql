-- name: places
SELECT DISTINCT channel, lane FROM job WHERE words = 1

-- name: expired
SELECT id FROM job
WHERE channel = :channel AND lane = :lane AND words = 1
    AND (
        state IN ('done', 'failed', 'cancelled') AND ended_at <= :before
        OR state = 'asked' AND created_at <= :waiting_before
    )
ORDER BY seq

-- name: of_person
SELECT id FROM job WHERE author = :author AND words = 1 ORDER BY seq

-- name: quoting
-- What others referred to stands in their messages, or in the step that looked it up. A scope ends with `:@` and the person.
SELECT id FROM job
WHERE author >= :workspace || ':@' AND author < :workspace || ':A' AND author <> :author AND words = 1
    AND state IN ('done', 'failed', 'cancelled')
    AND (
        instr(message, :mark) > 0
        OR EXISTS (SELECT 1 FROM step WHERE step.job = job.id AND step.name = 'quote' AND instr(step.result, :mark) > 0)
    )
ORDER BY seq

-- name: held
-- What a job holds; a result of a post is no more than the post's name.
SELECT
    message,
    (SELECT count(*) FROM step WHERE step.job = job.id AND result IS NOT NULL AND name NOT LIKE 'post:%') AS results,
    (SELECT count(*) FROM said WHERE said.job = job.id) AS turns
FROM job WHERE id = :job AND words = 1

-- name: stop
UPDATE job SET state = 'cancelled', owner = NULL, ended_at = :now
WHERE id = :job AND state IN ('ready', 'running', 'asked')

-- name: empty_job
UPDATE job SET message = :message, error = NULL, words = 0 WHERE id = :job

-- name: empty_steps
UPDATE step SET result = CASE WHEN name LIKE 'post:%' THEN result END, reason = NULL, digest = '' WHERE job = :job

-- name: empty_summaries
-- Others of the conversation may have had it summed up.
UPDATE step SET result = NULL
WHERE name LIKE 'summary:%' AND job IN (
    SELECT other.id FROM job AS this
    JOIN job AS other ON other.channel = this.channel AND other.lane = this.lane AND other.words = 1
    WHERE this.id = :job AND other.state IN ('done', 'failed', 'cancelled')
)

-- name: forget_summary
-- A summary that stands for what goes, too, goes with it; what else it stood for is there word for word.
DELETE FROM summary WHERE lane = (SELECT lane FROM said WHERE said.job = :job AND summed = 1)

-- name: without_summary
UPDATE said SET summed = 0
WHERE summed = 1 AND lane = (SELECT gone.lane FROM said AS gone WHERE gone.job = :job AND gone.summed = 1)

-- name: forget_turns
DELETE FROM said WHERE job = :job

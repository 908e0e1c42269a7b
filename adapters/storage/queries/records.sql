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
-- What others had done about a person's message by a button holds the person's words, too.
SELECT id FROM (
    SELECT seq, id FROM job WHERE author = :author AND words = 1
    UNION
    SELECT later.seq, later.id FROM job AS own JOIN job AS later ON later.subject = own.id
    WHERE own.author = :author AND later.words = 1
) AS held
ORDER BY seq

-- name: quoting
-- What others referred to stands in their messages, or in the step that looked it up. A scope ends with `:@` and the person.
-- What was made of it stands where several messages are answered together, too, and in what reads a reply aloud.
WITH quoting AS (
    SELECT id, subject, lead FROM job
    WHERE author >= :workspace || ':@' AND author < :workspace || ':A' AND author <> :author AND words = 1
        AND state NOT IN ('ready', 'running')
        AND (
            instr(message, :mark) > 0
            OR EXISTS (SELECT 1 FROM step WHERE step.job = job.id AND step.name = 'quote' AND instr(step.result, :mark) > 0)
        )
)
SELECT id FROM job
WHERE words = 1 AND (
    id IN (SELECT id FROM quoting)
    OR subject IN (SELECT lead FROM quoting) AND state NOT IN ('ready', 'running')
    OR subject IN (SELECT subject FROM quoting UNION SELECT lead FROM quoting) AND instr(message, :aloud) > 0
)
ORDER BY seq

-- name: of_workspace
-- The name of a channel begins with that of its workspace and a colon, after which comes a semicolon.
SELECT id FROM job WHERE channel >= :workspace || ':' AND channel < :workspace || ';' AND words = 1 ORDER BY seq

-- name: of_place
-- A thread is a lane of its channel, which is all that is looked at where no lane is named.
SELECT id FROM job
WHERE channel = :channel AND lane = coalesce(CAST(:lane AS TEXT), lane) AND words = 1
ORDER BY seq

-- name: of_file
-- A file's id stands in the JSON of its message, or of the step that looked up what the message refers to. What was made
-- of it stands where several messages are answered together, too, and in what reads a reply aloud.
WITH holding AS (
    SELECT id, subject, lead FROM job
    WHERE channel >= :workspace || ':' AND channel < :workspace || ';' AND words = 1
        AND (
            instr(message, :mark) > 0
            OR EXISTS (SELECT 1 FROM step WHERE step.job = job.id AND step.name = 'quote' AND instr(step.result, :mark) > 0)
        )
)
SELECT id FROM job
WHERE words = 1 AND (
    id IN (SELECT id FROM holding)
    OR subject IN (SELECT lead FROM holding)
    OR subject IN (SELECT subject FROM holding) AND instr(message, :aloud) > 0
)
ORDER BY seq

-- name: held
-- What a job holds; a result of a post is no more than the post's name, and a card repeats what others hold.
SELECT
    message,
    (
        SELECT count(*) FROM step
        WHERE step.job = job.id AND result IS NOT NULL AND name NOT LIKE 'post:%' AND name <> 'card'
    ) AS results,
    (SELECT count(*) FROM said WHERE said.job = job.id) AS turns
FROM job WHERE id = :job AND words = 1

-- name: stop
-- What holds no words, such as the removal of a reply, goes on.
UPDATE job SET state = 'cancelled', owner = NULL, ended_at = :now
WHERE id = :job AND words = 1 AND state IN ('ready', 'running', 'asked')

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

-- name: forget_corrections
-- They go with the last job that holds the recording: of their message, or of one that it is answered together with.
DELETE FROM correction
WHERE subject IN (SELECT subject FROM job WHERE id = :job UNION ALL SELECT lead FROM job WHERE id = :job)
    AND NOT EXISTS (
        SELECT 1 FROM job
        WHERE (job.subject = correction.subject OR job.lead = correction.subject) AND job.words = 1
            AND (
                instr(job.message, '{"id":"' || correction.recording || '","name":') > 0
                OR EXISTS (
                    SELECT 1 FROM step WHERE step.job = job.id AND step.name = 'quote'
                        AND instr(step.result, '{"id":"' || correction.recording || '","name":') > 0
                )
            )
    )

-- name: forget_feedback
DELETE FROM feedback WHERE job = :job

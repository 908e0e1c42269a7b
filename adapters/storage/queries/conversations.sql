-- name: remember
-- Nothing of a job whose words were erased meanwhile.
INSERT INTO said (job, lane, at, turns, bytes)
SELECT CAST(:job AS TEXT), CAST(:lane AS TEXT), CAST(:now AS BIGINT), CAST(:turns AS TEXT), CAST(:bytes AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.id = :job AND job.words = 0)
ON CONFLICT (job) DO NOTHING

-- name: recall
-- The newest, up to the one in which they reach so many bytes.
SELECT job, turns FROM (
    SELECT id, job, turns, sum(bytes) OVER (ORDER BY id DESC) - bytes AS newer
    FROM said WHERE lane = :lane AND summed = 0
) AS reach
WHERE newer < :most ORDER BY id

-- name: summary
SELECT words FROM summary WHERE lane = :lane

-- name: sum_up
UPDATE said SET summed = 1
WHERE lane = :lane AND id <= (SELECT last.id FROM said AS last WHERE last.job = :job)
    AND EXISTS (SELECT 1 FROM summary WHERE summary.lane = :lane AND summary.words = :words)
RETURNING id

-- name: summarise
-- Only while all that it is made of is there: it may have been erased since it was read.
INSERT INTO summary (lane, since, words)
SELECT CAST(:lane AS TEXT), coalesce(min(said.at), :now), CAST(:words AS TEXT) FROM said
WHERE said.lane = :lane AND said.id <= (SELECT last.id FROM said AS last WHERE last.job = :last)
HAVING (SELECT count(*) FROM said AS made_of WHERE made_of.job IN (:jobs)) = :count
    AND (:before = :words OR EXISTS (SELECT 1 FROM summary AS old WHERE old.lane = :lane AND old.words IN (:before, :words)))
ON CONFLICT (lane) DO UPDATE
SET words = excluded.words,
    since = CASE WHEN summary.since < excluded.since THEN summary.since ELSE excluded.since END

-- name: said_to
SELECT turns FROM said WHERE job = :job

-- name: say_instead
UPDATE said SET turns = :turns, bytes = :bytes WHERE job = :job

-- name: forget_summary
-- A summary that stands for what a job said.
DELETE FROM summary WHERE lane = (SELECT lane FROM said WHERE said.job = :job AND summed = 1)

-- name: without_summary
UPDATE said SET summed = 0
WHERE summed = 1 AND lane = (SELECT changed.lane FROM said AS changed WHERE changed.job = :job AND changed.summed = 1)

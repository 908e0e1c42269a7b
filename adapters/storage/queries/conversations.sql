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
WHERE lane = :lane AND summed = 0 AND id <= (SELECT last.id FROM said AS last WHERE last.job = :job)

-- name: summarise
INSERT INTO summary (lane, since, words)
SELECT :lane, coalesce(min(said.at), :now), :words FROM said WHERE said.lane = :lane AND said.summed = 1
ON CONFLICT (lane) DO UPDATE
SET words = excluded.words,
    since = CASE WHEN summary.since < excluded.since THEN summary.since ELSE excluded.since END

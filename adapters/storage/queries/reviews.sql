-- name: rate
-- Nothing is kept of a reply whose words were erased: it goes with them.
INSERT INTO feedback (job, person, good, at)
SELECT CAST(:job AS TEXT), CAST(:person AS TEXT), CAST(:good AS INTEGER), CAST(:now AS BIGINT)
WHERE EXISTS (SELECT 1 FROM job WHERE job.id = :job AND job.words = 1)
ON CONFLICT (job, person) DO UPDATE SET good = excluded.good, at = excluded.at

-- name: forget_ratings
-- The names of jobs begin with that of their workspace and a colon, after which comes a semicolon.
DELETE FROM feedback WHERE person = :person AND job >= :workspace || ':' AND job < :workspace || ';'

-- name: ratings
SELECT coalesce(sum(good), 0) AS good, count(*) AS all_of_them FROM feedback WHERE job = :job

-- name: rated
SELECT coalesce(sum(feedback.good), 0) AS good, count(*) AS all_of_them
FROM feedback JOIN job ON job.id = feedback.job
WHERE feedback.at >= :since AND job.channel = coalesce(CAST(:channel AS TEXT), job.channel)

-- name: correct
-- Nothing is kept of a message whose words were erased.
INSERT INTO correction (subject, recording, words, at)
SELECT CAST(:subject AS TEXT), CAST(:recording AS TEXT), CAST(:words AS TEXT), CAST(:now AS BIGINT)
WHERE EXISTS (SELECT 1 FROM job WHERE job.subject = :subject AND job.words = 1)
ON CONFLICT (subject, recording) DO UPDATE SET words = excluded.words, at = excluded.at

-- name: corrections
SELECT recording, words FROM correction WHERE subject = :subject ORDER BY recording

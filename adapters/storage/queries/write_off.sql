-- name: is_over
-- Nobody runs the job, or will without being told to.
SELECT * FROM job WHERE id = :job AND state IN ('asked', 'done', 'failed', 'cancelled')

-- name: without_row
-- Holds for which no row waits: their calls were never named, or nobody wrote down what came of them.
SELECT id, step, at FROM hold
WHERE job = :job AND id NOT IN (SELECT hold FROM hold_in_use WHERE job = :job)
ORDER BY at, id

-- name: describe
-- Unless somebody did so meanwhile, or the job goes on.
INSERT INTO usage (
    job, step, call, platform, workspace, channel, author, gateway, model, kind,
    tokens_in, tokens_out, audio_ms, cost_nano, duration_ms, at, day, hold
)
SELECT hold.job, hold.step, NULL, CAST(:platform AS TEXT), CAST(:workspace AS TEXT), CAST(:channel AS TEXT),
    CAST(:author AS TEXT), CAST(:gateway AS TEXT), CAST(:model AS TEXT), CAST(:kind AS TEXT),
    NULL, NULL, NULL, NULL, 0, hold.at, hold.day, hold.id
FROM hold JOIN job ON job.id = hold.job
WHERE hold.id = :hold AND job.state IN ('asked', 'done', 'failed', 'cancelled')
    AND hold.id NOT IN (SELECT hold FROM hold_in_use WHERE job = :job)

-- name: open
-- The first that began is the first.
SELECT * FROM usage WHERE job = :job AND cost_nano IS NULL ORDER BY at, id

-- name: note
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
VALUES (:now, :author, :job, 'cost written off', NULL, :cost)

-- name: hold
INSERT INTO hold (id, at, day, month, amount_nano) VALUES (:hold, :at, :day, :month, :amount)

-- name: hold_for
INSERT INTO hold_scope (hold, scope) VALUES (:hold, :scope)

-- name: add_held
INSERT INTO spending (scope, period, spent_nano, held_nano)
SELECT scope, period, 0, amount_nano FROM hold_part WHERE hold = :hold
ON CONFLICT (scope, period) DO UPDATE SET held_nano = spending.held_nano + excluded.held_nano

-- name: take_held
-- Of the hold that is named, or without a name of the attempt of a step.
UPDATE spending SET held_nano = spending.held_nano - part.amount_nano
FROM hold_part AS part
WHERE part.hold = coalesce(CAST(:hold AS TEXT), (SELECT step.hold FROM step WHERE job = :job AND name = :step))
    AND spending.scope = part.scope AND spending.period = part.period

-- name: drop_hold_for
DELETE FROM hold_scope
WHERE hold = coalesce(CAST(:hold AS TEXT), (SELECT step.hold FROM step WHERE job = :job AND name = :step))

-- name: drop_hold
DELETE FROM hold
WHERE id = coalesce(CAST(:hold AS TEXT), (SELECT step.hold FROM step WHERE job = :job AND name = :step))

-- name: forget
-- A call of which was said before that its cost is not known, to be recorded anew.
DELETE FROM usage WHERE job = :job AND step = :step AND call = :call AND cost_nano IS NULL

-- name: record
-- A call counts for the day that its money was held for. While its cost is not known it keeps the hold.
INSERT INTO usage (
    job, step, call, platform, workspace, channel, author, gateway, model, kind,
    tokens_in, tokens_out, audio_ms, cost_nano, duration_ms, at, day, hold
) VALUES (
    :job, :step, :call, :platform, :workspace, :channel, :author, :gateway, :model, :kind,
    :tokens_in, :tokens_out, :audio_ms, :cost_nano, :duration_ms,
    coalesce((SELECT hold.at FROM hold WHERE hold.id = (SELECT step.hold FROM step WHERE job = :job AND name = :step)), :at),
    coalesce((SELECT hold.day FROM hold WHERE hold.id = (SELECT step.hold FROM step WHERE job = :job AND name = :step)), :day),
    CASE WHEN CAST(:cost_nano AS BIGINT) IS NULL THEN (SELECT step.hold FROM step WHERE job = :job AND name = :step) END
)

-- name: add_spent
-- Of the call that is named, or without a name of the one that was recorded last for a step: to its day and month.
INSERT INTO spending (scope, period, spent_nano, held_nano)
SELECT CAST(:scope AS TEXT), day, cost_nano, 0 FROM usage
WHERE id = coalesce(CAST(:usage AS BIGINT), (SELECT max(id) FROM usage WHERE job = :job AND step = :step))
UNION ALL
SELECT CAST(:scope AS TEXT), substr(day, 1, 7), cost_nano, 0 FROM usage
WHERE id = coalesce(CAST(:usage AS BIGINT), (SELECT max(id) FROM usage WHERE job = :job AND step = :step))
ON CONFLICT (scope, period) DO UPDATE SET spent_nano = spending.spent_nano + excluded.spent_nano

-- name: unsettled
SELECT * FROM usage WHERE job = :job AND step = :step AND call = :call AND cost_nano IS NULL

-- name: settle
-- What the gateway does not tell anew stays as it was.
UPDATE usage SET cost_nano = :cost_nano, tokens_in = coalesce(:tokens_in, tokens_in),
    tokens_out = coalesce(:tokens_out, tokens_out), audio_ms = coalesce(:audio_ms, audio_ms)
WHERE id = :usage AND cost_nano IS NULL
RETURNING id

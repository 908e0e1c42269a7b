-- name: hold
INSERT INTO hold (id, job, step, at, day, month, amount_nano) VALUES (:hold, :job, :step, :at, :day, :month, :amount)

-- name: hold_for
INSERT INTO hold_scope (hold, scope) VALUES (:hold, :scope)

-- name: add_held
INSERT INTO spending (scope, period, spent_nano, held_nano)
SELECT scope, period, 0, amount_nano FROM hold_part WHERE hold = :hold
ON CONFLICT (scope, period) DO UPDATE SET held_nano = spending.held_nano + excluded.held_nano

-- name: take_held
-- Of the attempt that has ended, if one has, and of the calls of a step whose cost is known; but not what is in use.
UPDATE spending SET held_nano = spending.held_nano - loose.amount_nano
FROM (
    SELECT scope, period, CAST(sum(amount_nano) AS BIGINT) AS amount_nano FROM hold_part
    WHERE job = :job
        AND hold IN (
            SELECT hold FROM step WHERE job = :job AND name = :ended
            UNION ALL SELECT hold FROM usage WHERE job = :job AND step = :step AND cost_nano IS NOT NULL
        )
        AND hold NOT IN (SELECT hold FROM hold_in_use WHERE job = :job)
    GROUP BY scope, period
) AS loose
WHERE spending.scope = loose.scope AND spending.period = loose.period

-- name: drop_hold_for
-- Of the same holds.
DELETE FROM hold_scope
WHERE hold IN (
        SELECT hold FROM step WHERE job = :job AND name = :ended
        UNION ALL SELECT hold FROM usage WHERE job = :job AND step = :step AND cost_nano IS NOT NULL
    )
    AND hold NOT IN (SELECT hold FROM hold_in_use WHERE job = :job)

-- name: drop_hold
-- Those that count for nobody any more.
DELETE FROM hold
WHERE job = :job AND NOT EXISTS (SELECT 1 FROM hold_scope WHERE hold_scope.hold = hold.id)

-- name: forget_nameless
-- What was said of an attempt before its call had a name, or its cost was known; its call is recorded anew.
DELETE FROM usage
WHERE job = :job AND step = :step AND call IS NULL AND cost_nano IS NULL
    AND hold = (SELECT step.hold FROM step WHERE job = :job AND name = :step)

-- name: forget_named
-- The call that an attempt was about last: it certainly was not charged.
DELETE FROM usage
WHERE job = :job AND step = :step AND cost_nano IS NULL
    AND call = (SELECT step.vendor_id FROM step WHERE job = :job AND name = :step)

-- name: take_back
-- What a call did cost as it was known before, from its day and month: it is recorded anew.
UPDATE spending SET spent_nano = spending.spent_nano - known.cost_nano
FROM usage AS known
WHERE known.job = :job AND known.step = :step AND known.call = :call AND known.cost_nano IS NOT NULL
    AND spending.scope IN (:scopes) AND spending.period IN (known.day, substr(known.day, 1, 7))

-- name: record
-- A call counts for the day that its money was held for. While its cost is not known it keeps the hold. What is told of a
-- call later takes the place of what was known; what is not told anew stays as it was.
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
ON CONFLICT (job, step, call) WHERE call IS NOT NULL DO UPDATE
SET model = excluded.model, duration_ms = excluded.duration_ms,
    tokens_in = coalesce(excluded.tokens_in, usage.tokens_in),
    tokens_out = coalesce(excluded.tokens_out, usage.tokens_out),
    audio_ms = coalesce(excluded.audio_ms, usage.audio_ms),
    cost_nano = coalesce(excluded.cost_nano, usage.cost_nano)

-- name: add_spent
-- Of one row, to its day and month: the one that is named, else that of a call, or the last of a step without a name.
INSERT INTO spending (scope, period, spent_nano, held_nano)
SELECT CAST(:scope AS TEXT), day, cost_nano, 0 FROM usage
WHERE id = coalesce(CAST(:usage AS BIGINT), (
    SELECT max(id) FROM usage
    WHERE job = :job AND step = :step AND coalesce(call, '') = coalesce(CAST(:call AS TEXT), '')
))
UNION ALL
SELECT CAST(:scope AS TEXT), substr(day, 1, 7), cost_nano, 0 FROM usage
WHERE id = coalesce(CAST(:usage AS BIGINT), (
    SELECT max(id) FROM usage
    WHERE job = :job AND step = :step AND coalesce(call, '') = coalesce(CAST(:call AS TEXT), '')
))
ON CONFLICT (scope, period) DO UPDATE SET spent_nano = spending.spent_nano + excluded.spent_nano

-- name: unsettled
SELECT * FROM usage WHERE job = :job AND step = :step AND call = :call AND cost_nano IS NULL

-- name: settle
-- What the gateway does not tell anew stays as it was.
UPDATE usage SET cost_nano = :cost_nano, tokens_in = coalesce(:tokens_in, tokens_in),
    tokens_out = coalesce(:tokens_out, tokens_out), audio_ms = coalesce(:audio_ms, audio_ms)
WHERE id = :usage AND cost_nano IS NULL
RETURNING id

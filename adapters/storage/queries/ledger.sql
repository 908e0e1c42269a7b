-- name: record
INSERT INTO usage (
    job, step, at, day, platform, workspace, channel, author, gateway, model, kind,
    tokens_in, tokens_out, audio_ms, cost_nano, duration_ms
) VALUES (
    :job, :step, :at, :day, :platform, :workspace, :channel, :author, :gateway, :model, :kind,
    :tokens_in, :tokens_out, :audio_ms, :cost_nano, :duration_ms
)

-- name: add_to_month
INSERT INTO usage_month (platform, workspace, channel, month, gateway, model, calls, cost_nano, unknown_costs)
VALUES (:platform, :workspace, :channel, :month, :gateway, :model, 1, :cost_nano, :unknown_costs)
ON CONFLICT (platform, workspace, channel, month, gateway, model) DO UPDATE
SET calls = usage_month.calls + 1,
    cost_nano = usage_month.cost_nano + excluded.cost_nano,
    unknown_costs = usage_month.unknown_costs + excluded.unknown_costs

-- name: sums
SELECT
    CASE :by
        WHEN 'model' THEN gateway || '/' || model
        WHEN 'channel' THEN platform || ':' || workspace || ':' || channel
        WHEN 'user' THEN platform || ':' || author
        WHEN 'day' THEN day
    END AS label,
    count(*) AS calls,
    CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
    CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out,
    CAST(coalesce(sum(audio_ms), 0) AS BIGINT) AS audio_ms,
    CAST(coalesce(sum(cost_nano), 0) AS BIGINT) AS cost_nano,
    count(*) - count(cost_nano) AS unknown_costs
FROM usage
WHERE at >= :since
GROUP BY 1
ORDER BY cost_nano DESC, calls DESC, label

-- name: sums_of_channel
-- By itself, and not a condition more of `sums`, so that the index of the channel serves it.
SELECT
    CASE :by
        WHEN 'model' THEN gateway || '/' || model
        WHEN 'channel' THEN platform || ':' || workspace || ':' || channel
        WHEN 'user' THEN platform || ':' || author
        WHEN 'day' THEN day
    END AS label,
    count(*) AS calls,
    CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
    CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out,
    CAST(coalesce(sum(audio_ms), 0) AS BIGINT) AS audio_ms,
    CAST(coalesce(sum(cost_nano), 0) AS BIGINT) AS cost_nano,
    count(*) - count(cost_nano) AS unknown_costs
FROM usage
WHERE platform = :platform AND workspace = :workspace AND channel = :channel AND at >= :since
GROUP BY 1
ORDER BY cost_nano DESC, calls DESC, label

-- name: of_job
SELECT * FROM usage WHERE job = :job ORDER BY id

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

-- name: spent
SELECT
    :gateway AS label,
    count(*) AS calls,
    CAST(coalesce(sum(tokens_in), 0) AS BIGINT) AS tokens_in,
    CAST(coalesce(sum(tokens_out), 0) AS BIGINT) AS tokens_out,
    CAST(coalesce(sum(audio_ms), 0) AS BIGINT) AS audio_ms,
    CAST(coalesce(sum(cost_nano), 0) AS BIGINT) AS cost_nano,
    count(*) - count(cost_nano) AS unknown_costs
FROM usage
WHERE gateway = :gateway AND at >= :since AND at < :until

-- name: unsettled
-- Not those under way: their jobs will tell. A job that was handed back, and that nobody took up since, may never.
SELECT usage.job, usage.step, usage.gateway, usage.call, usage.at FROM usage
WHERE usage.cost_nano IS NULL AND usage.call IS NOT NULL
    AND usage.gateway = coalesce(CAST(:gateway AS TEXT), usage.gateway)
    AND NOT EXISTS (
        SELECT 1 FROM step JOIN job ON job.id = step.job
        WHERE step.job = usage.job AND step.name = usage.step
            AND step.state = 'accepted' AND step.vendor_id = usage.call
            AND (job.state = 'running' OR (job.state = 'ready' AND (step.at > :before OR job.run_at > :before)))
    )
ORDER BY usage.at DESC, usage.id DESC
LIMIT :limit

-- name: held
SELECT CAST(coalesce(sum(amount_nano), 0) AS BIGINT) AS held FROM hold WHERE job = :job

-- name: of_job
SELECT * FROM usage WHERE job = :job ORDER BY id

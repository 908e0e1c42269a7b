-- A call has its row as soon as it has a name, so that its cost can be asked for whatever becomes of its job.

-- Whose a hold is.
ALTER TABLE hold ADD COLUMN job TEXT NOT NULL DEFAULT '';
ALTER TABLE hold ADD COLUMN step TEXT NOT NULL DEFAULT '';
UPDATE hold SET job = usage.job, step = usage.step FROM usage
WHERE usage.hold = hold.id AND usage.cost_nano IS NULL;
UPDATE hold SET job = step.job, step = step.name FROM step WHERE step.hold = hold.id;
CREATE INDEX hold_job ON hold (job);
DROP VIEW hold_part;
CREATE VIEW hold_part AS
SELECT hold.id AS hold, hold.job, hold_scope.scope, hold.day AS period, hold.amount_nano
FROM hold JOIN hold_scope ON hold_scope.hold = hold.id
UNION ALL
SELECT hold.id, hold.job, hold_scope.scope, hold.month, hold.amount_nano
FROM hold JOIN hold_scope ON hold_scope.hold = hold.id;

-- The database itself forbids that a call is counted twice. Of those that were, only the last keeps its name.
UPDATE usage SET call = NULL
WHERE call IS NOT NULL AND EXISTS (
    SELECT 1 FROM usage AS later
    WHERE later.job = usage.job AND later.step = usage.step AND later.call = usage.call AND later.id > usage.id
);
CREATE UNIQUE INDEX usage_call ON usage (job, step, call) WHERE call IS NOT NULL;

-- The holds that must stay: something of unknown cost waits for them, or their attempt may still be carried on.
CREATE VIEW hold_in_use AS
SELECT job, hold FROM usage WHERE cost_nano IS NULL AND hold IS NOT NULL
UNION ALL
SELECT step.job, step.hold FROM step JOIN job ON job.id = step.job
WHERE step.hold IS NOT NULL AND step.state IN ('began', 'accepted') AND job.state IN ('ready', 'running');

-- Money: what was spent, what is held for calls under way, and how much may be. Whole nano-dollars; a period is a day
-- (2026-11-21) or a month (2026-11) of UTC.

-- The hold of the attempt that is under way; and what was sent to the vendor.
ALTER TABLE step ADD COLUMN hold TEXT;
ALTER TABLE step ADD COLUMN digest TEXT NOT NULL DEFAULT '';

-- The gateway's name of the call, and the hold that stays until its cost is known.
ALTER TABLE usage ADD COLUMN call TEXT;
ALTER TABLE usage ADD COLUMN hold TEXT;
CREATE INDEX usage_unsettled ON usage (at) WHERE cost_nano IS NULL AND call IS NOT NULL;

-- One row for each attempt whose cost is not known yet, and one for each scope that it counts for.
CREATE TABLE hold (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    day TEXT NOT NULL,
    month TEXT NOT NULL,
    amount_nano BIGINT NOT NULL
);
CREATE TABLE hold_scope (
    hold TEXT NOT NULL,
    scope TEXT NOT NULL,
    PRIMARY KEY (hold, scope)
);

-- The running sums of each scope in each day and month, kept in the same commit as the rows that they sum.
CREATE TABLE spending (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    spent_nano BIGINT NOT NULL,
    held_nano BIGINT NOT NULL,
    PRIMARY KEY (scope, period)
);

-- Which sums a hold is part of.
CREATE VIEW hold_part AS
SELECT hold.id AS hold, hold_scope.scope, hold.day AS period, hold.amount_nano
FROM hold JOIN hold_scope ON hold_scope.hold = hold.id
UNION ALL
SELECT hold.id, hold_scope.scope, hold.month, hold.amount_nano
FROM hold JOIN hold_scope ON hold_scope.hold = hold.id;

-- What was spent before there were sums: `spending_scopes` in bot/domain/budgets.py.
INSERT INTO spending (scope, period, spent_nano, held_nano)
SELECT part.scope, part.day, CAST(sum(part.cost_nano) AS BIGINT), 0
FROM (
    SELECT 'service' AS scope, day, cost_nano FROM usage
    UNION ALL SELECT platform, day, cost_nano FROM usage
    UNION ALL SELECT platform || ':' || workspace, day, cost_nano FROM usage
    UNION ALL SELECT platform || ':' || workspace || ':' || channel, day, cost_nano FROM usage
    UNION ALL SELECT platform || ':' || workspace || ':@' || author, day, cost_nano FROM usage
) AS part
WHERE part.cost_nano > 0
GROUP BY part.scope, part.day;
INSERT INTO spending (scope, period, spent_nano, held_nano)
SELECT scope, substr(period, 1, 7), CAST(sum(spent_nano) AS BIGINT), 0
FROM spending
GROUP BY scope, substr(period, 1, 7);

-- The sums of each model and month that were kept before: nobody asked for them.
DROP TABLE usage_month;

-- The most that may be spent, and who said so. The scope 'users' stands for every user without a budget of their own.
CREATE TABLE budget (
    scope TEXT NOT NULL,
    period TEXT NOT NULL CHECK (period IN ('day', 'month')),
    limit_nano BIGINT NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (scope, period)
);

-- The day or month for which it was last told that a budget is nearly spent; for 'users', a row for each user.
CREATE TABLE warning (
    budget TEXT NOT NULL,
    period TEXT NOT NULL,
    scope TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (budget, period, scope)
);

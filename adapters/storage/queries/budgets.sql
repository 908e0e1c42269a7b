-- name: all
-- Every budget as it stands; nothing is counted for the users together.
SELECT
    budget.scope AS budget, budget.scope, budget.period, budget.limit_nano, budget.author,
    coalesce(spending.spent_nano, 0) AS spent_nano, coalesce(spending.held_nano, 0) AS held_nano
FROM budget
LEFT JOIN spending
    ON spending.scope = budget.scope
    AND spending.period = CASE budget.period WHEN 'day' THEN :day ELSE :month END
ORDER BY budget.scope, budget.period

-- name: standing
-- The budgets of some scopes, and of every user for the one among them that is a user's and has none of its own.
SELECT
    budget.scope AS budget, CASE budget.scope WHEN :each_user THEN :user ELSE budget.scope END AS scope,
    budget.period, budget.limit_nano, budget.author,
    coalesce(spending.spent_nano, 0) AS spent_nano, coalesce(spending.held_nano, 0) AS held_nano
FROM budget
LEFT JOIN spending
    ON spending.scope = CASE budget.scope WHEN :each_user THEN :user ELSE budget.scope END
    AND spending.period = CASE budget.period WHEN 'day' THEN :day ELSE :month END
WHERE budget.scope IN (:scopes)
    AND NOT (
        budget.scope = :each_user
        AND EXISTS (SELECT 1 FROM budget AS own WHERE own.scope = :user AND own.period = budget.period)
    )

-- name: warn
-- Once for each day or month, and only while the limit is still the one that was looked at.
INSERT INTO warning (budget, period, scope, label)
SELECT budget.scope, budget.period, CAST(:scope AS TEXT), CAST(:label AS TEXT) FROM budget
WHERE budget.scope = :budget AND budget.period = :period AND budget.limit_nano = :limit
ON CONFLICT (budget, period, scope) DO UPDATE SET label = excluded.label
WHERE warning.label <> excluded.label
RETURNING label

-- name: unwarn
-- Of the budget that holds for a scope now: its own, or that of every user.
DELETE FROM warning
WHERE budget = CASE
        WHEN EXISTS (SELECT 1 FROM budget AS own WHERE own.scope = :scope AND own.period = :period) THEN :scope
        ELSE :each_user
    END
    AND period = :period AND scope = :scope

-- name: note_set
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
VALUES (
    :now, :author, :scope, 'budget a ' || CAST(:period AS TEXT),
    (SELECT CAST(limit_nano AS TEXT) FROM budget WHERE scope = :scope AND period = :period), :value
)

-- name: set
INSERT INTO budget (scope, period, limit_nano, author) VALUES (:scope, :period, :limit, :author)
ON CONFLICT (scope, period) DO UPDATE SET limit_nano = excluded.limit_nano, author = excluded.author

-- name: note_lift
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
SELECT CAST(:now AS BIGINT), CAST(:author AS TEXT), scope, 'budget a ' || period, CAST(limit_nano AS TEXT), NULL
FROM budget WHERE scope = :scope AND period = :period

-- name: lift
DELETE FROM budget WHERE scope = :scope AND period = :period

-- name: arm
DELETE FROM warning WHERE budget = :scope AND period = :period

-- name: version
SELECT coalesce(max(id), 0) AS version FROM setting_change

-- name: layers
SELECT scope, name, value FROM setting ORDER BY scope, name

-- name: note_set
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
VALUES (:now, :author, :scope, :name, (SELECT value FROM setting WHERE scope = :scope AND name = :name), :value)

-- name: set
INSERT INTO setting (scope, name, value) VALUES (:scope, :name, :value)
ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value

-- name: note_unset
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
SELECT CAST(:now AS BIGINT), CAST(:author AS TEXT), scope, name, value, NULL FROM setting
WHERE scope = :scope AND name = :name

-- name: note_erased
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
VALUES (:now, :author, :workspace, 'settings erased', NULL, NULL)

-- name: erase_history
UPDATE setting_change SET old_value = NULL, new_value = NULL
WHERE (scope = :workspace OR scope >= :workspace || ':' AND scope < :workspace || ';')
    AND name NOT LIKE 'budget %' AND name NOT IN ('forget', 'cost written off')

-- name: erase
DELETE FROM setting
WHERE scope = :workspace OR scope >= :workspace || ':' AND scope < :workspace || ';'

-- name: unset
DELETE FROM setting WHERE scope = :scope AND name = :name
RETURNING name

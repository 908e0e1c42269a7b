-- name: note
INSERT INTO setting_change (at, author, scope, name, old_value, new_value)
VALUES (:now, :author, :scope, :name, NULL, :value)

-- name: newest
SELECT at, author, scope, name, old_value, new_value FROM setting_change
WHERE name = coalesce(CAST(:name AS TEXT), name)
    AND (
        scope = coalesce(CAST(:within AS TEXT), scope)
        OR substr(scope, 1, length(CAST(:within AS TEXT)) + 1) = CAST(:within AS TEXT) || ':'
    )
ORDER BY id DESC LIMIT :limit

-- name: known
SELECT voice, language, locale, locale_at FROM person WHERE id = :person

-- name: wish
INSERT INTO person (id, voice, language) VALUES (:person, coalesce(:voice, 'channel'), coalesce(:language, ''))
ON CONFLICT (id) DO UPDATE SET
    voice = coalesce(CAST(:voice AS TEXT), person.voice), language = coalesce(CAST(:language AS TEXT), person.language)

-- name: met
INSERT INTO person (id, locale, locale_at) VALUES (:person, :locale, :now)
ON CONFLICT (id) DO UPDATE SET locale = excluded.locale, locale_at = excluded.locale_at

-- name: erase
-- The names of people in a workspace are its own, `:@` and theirs.
DELETE FROM person WHERE id = :scope OR (id >= :scope || ':@' AND id < :scope || ':A')
RETURNING id

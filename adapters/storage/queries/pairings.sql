-- name: forget_expired
DELETE FROM pairing WHERE paired_at IS NULL AND asked_at <= :expired

-- name: knock
INSERT INTO pairing (person, workspace, code, message, asked_at)
SELECT CAST(:person AS TEXT), CAST(:workspace AS TEXT), CAST(:code AS TEXT), CAST(:message AS TEXT), CAST(:now AS BIGINT)
WHERE (SELECT count(*) FROM pairing WHERE workspace = :workspace AND paired_at IS NULL) < :most
ON CONFLICT (person) DO NOTHING

-- name: told
SELECT code FROM pairing WHERE person = :person AND message = :message AND paired_at IS NULL

-- name: asked
SELECT * FROM pairing WHERE code = :code AND paired_at IS NULL AND asked_at > :expired

-- name: let_in
UPDATE pairing SET code = '', paired_at = :now, paired_by = :by
WHERE person = :person AND paired_at IS NULL AND asked_at > :expired
RETURNING person

-- name: is_paired
SELECT 1 FROM pairing WHERE person = :person AND paired_at IS NOT NULL

-- name: all
SELECT * FROM pairing WHERE paired_at IS NOT NULL OR asked_at > :expired ORDER BY asked_at, person

-- name: revoke
DELETE FROM pairing WHERE person = :scope OR workspace = :scope RETURNING person

-- name: save
INSERT INTO installation (
    id, name, organisation, org_wide, bot_user, bot, scopes, installed_by, installed_at, secrets, expires_at
)
VALUES (
    :id, :name, :organisation, :org_wide, :bot_user, :bot, :scopes, :installed_by, :installed_at, :secrets, :expires_at
)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, organisation = excluded.organisation, org_wide = excluded.org_wide,
    bot_user = excluded.bot_user, bot = excluded.bot, scopes = excluded.scopes,
    installed_by = excluded.installed_by, installed_at = excluded.installed_at, secrets = excluded.secrets,
    expires_at = excluded.expires_at, version = installation.version + 1, renewing_until = 0

-- name: serve_itself
DELETE FROM installation_workspace WHERE workspace = :id

-- name: find
SELECT id, name, organisation, org_wide, bot_user, bot, scopes, installed_by, installed_at, secrets, expires_at, version
FROM installation
WHERE id = coalesce(
    (SELECT installation FROM installation_workspace WHERE workspace = :workspace), CAST(:workspace AS TEXT)
)

-- name: all
SELECT id, name, organisation, org_wide, bot_user, bot, scopes, installed_by, installed_at, secrets, expires_at, version
FROM installation ORDER BY id

-- name: serves
INSERT INTO installation_workspace (workspace, installation)
SELECT CAST(:workspace AS TEXT), id FROM installation WHERE id = :installation
ON CONFLICT (workspace) DO UPDATE SET installation = excluded.installation

-- name: workspaces
SELECT id AS workspace FROM installation
WHERE org_wide = 0 AND id = coalesce(CAST(:installation AS TEXT), id)
UNION
SELECT workspace FROM installation_workspace
WHERE installation = coalesce(CAST(:installation AS TEXT), installation)
ORDER BY workspace

-- name: claim
UPDATE installation SET renewing_until = :until
WHERE id = :id AND version = :version AND renewing_until <= :now
RETURNING id

-- name: release
UPDATE installation SET renewing_until = 0 WHERE id = :id AND version = :version

-- name: renew
UPDATE installation
SET secrets = :secrets, expires_at = :expires_at, version = version + 1, renewing_until = 0
WHERE id = :id AND version = :version
RETURNING id

-- name: forget_served
DELETE FROM installation_workspace
WHERE installation = :id AND EXISTS (SELECT 1 FROM installation WHERE id = :id AND installed_at <= :at)

-- name: delete
DELETE FROM installation WHERE id = :id AND installed_at <= :at RETURNING id

-- name: lock_anew
UPDATE installation SET secrets = :secrets WHERE id = :id AND secrets = :old

-- name: issue_state
INSERT INTO install_state (digest, expires_at) VALUES (:digest, :expires_at)

-- name: drop_states
DELETE FROM install_state WHERE expires_at <= :now

-- name: take_state
DELETE FROM install_state WHERE digest = :digest AND expires_at > :now RETURNING digest

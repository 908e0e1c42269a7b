-- Who let our app in: workspaces, or whole organisations. `secrets` is encrypted before it comes here.
CREATE TABLE installation (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    organisation TEXT NOT NULL,
    org_wide INTEGER NOT NULL,
    bot_user TEXT NOT NULL,
    bot TEXT NOT NULL,
    scopes TEXT NOT NULL,
    installed_by TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    secrets TEXT NOT NULL,
    expires_at BIGINT,
    version INTEGER NOT NULL DEFAULT 0,
    renewing_until BIGINT NOT NULL DEFAULT 0
);

-- The workspaces that the installation of an organisation was seen to serve.
CREATE TABLE installation_workspace (
    workspace TEXT NOT NULL PRIMARY KEY,
    installation TEXT NOT NULL
);

-- Requests to let us in that are under way: of their secret only a digest.
CREATE TABLE install_state (
    digest TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX installation_workspace_installation ON installation_workspace (installation);
CREATE INDEX install_state_expiry ON install_state (expires_at);

-- What people wish for themselves, and their locale as the platform told it last. `id` is user_scope in bot/domain/budgets.py.
CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    voice TEXT NOT NULL DEFAULT 'channel',
    language TEXT NOT NULL DEFAULT '',
    locale TEXT NOT NULL DEFAULT '',
    locale_at BIGINT NOT NULL DEFAULT 0
);

-- Who asked to be let in to direct messages (`code` and `message` say how), and who was (`paired_at`).
CREATE TABLE pairing (
    person TEXT NOT NULL PRIMARY KEY,
    workspace TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    paired_at BIGINT,
    paired_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX pairing_workspace ON pairing (workspace);
CREATE INDEX pairing_waiting ON pairing (asked_at) WHERE paired_at IS NULL;
CREATE INDEX pairing_code ON pairing (code) WHERE paired_at IS NULL;

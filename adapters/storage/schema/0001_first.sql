-- Everything that survives a restart. Times are milliseconds since 1970 (UTC), money is whole nano-dollars.
-- PostgreSQL differs in one thing: INTEGER PRIMARY KEY becomes BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY.

-- One row for each message: its life is drawn in bot/domain/jobs.py.
CREATE TABLE job (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    platform TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'asked', 'done', 'failed', 'cancelled')),
    message TEXT NOT NULL,
    tries INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT,
    run_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    error TEXT,
    CHECK ((state = 'running') = (owner IS NOT NULL)),
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
);

-- The database itself forbids that two jobs of a conversation run at once.
CREATE UNIQUE INDEX job_running ON job (lane) WHERE state = 'running';
CREATE INDEX job_due ON job (run_at, seq) WHERE state = 'ready';
CREATE INDEX job_first ON job (lane, seq) WHERE state = 'ready';

-- The last stored message of each place: catch-up starts after it.
CREATE TABLE mark (
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    channel TEXT NOT NULL,
    thread TEXT NOT NULL,
    direct INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (platform, workspace, channel, thread)
);

-- One row for each process that runs jobs: its heartbeat.
CREATE TABLE worker (
    id TEXT NOT NULL PRIMARY KEY,
    alive_until BIGINT NOT NULL
);

-- The journal: its states are drawn in bot/domain/journal.py.
CREATE TABLE step (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('began', 'accepted', 'done', 'failed', 'unknown')),
    epoch INTEGER NOT NULL,
    vendor_id TEXT,
    result TEXT,
    reason TEXT,
    at BIGINT NOT NULL,
    UNIQUE (job, name)
);

-- One row for each model call. What its gateway did not say is NULL, never 0.
CREATE TABLE usage (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    step TEXT NOT NULL,
    at BIGINT NOT NULL,
    day TEXT NOT NULL,
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    channel TEXT NOT NULL,
    author TEXT NOT NULL,
    gateway TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    tokens_in BIGINT,
    tokens_out BIGINT,
    audio_ms BIGINT,
    cost_nano BIGINT,
    duration_ms BIGINT NOT NULL
);
CREATE INDEX usage_job ON usage (job);
CREATE INDEX usage_at ON usage (at);
CREATE INDEX usage_channel ON usage (platform, workspace, channel, at);

-- The sum of each month, kept in the same commit as the rows that it sums.
CREATE TABLE usage_month (
    platform TEXT NOT NULL,
    workspace TEXT NOT NULL,
    channel TEXT NOT NULL,
    month TEXT NOT NULL,
    gateway TEXT NOT NULL,
    model TEXT NOT NULL,
    calls BIGINT NOT NULL,
    cost_nano BIGINT NOT NULL,
    unknown_costs BIGINT NOT NULL,
    PRIMARY KEY (platform, workspace, channel, month, gateway, model)
);

-- Settings of places, as people typed them, and who changed what.
CREATE TABLE setting (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, name)
);
CREATE TABLE setting_change (
    id INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT
);

-- What was said in conversations: one row for each turn.
CREATE TABLE said (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    at BIGINT NOT NULL,
    turns TEXT NOT NULL
);
CREATE INDEX said_lane ON said (lane, id);

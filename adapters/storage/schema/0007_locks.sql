-- Rights that one process has at a time, each until a moment; and who else does what only its holder should.
CREATE TABLE process_lock (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    rival TEXT,
    rival_until BIGINT
);

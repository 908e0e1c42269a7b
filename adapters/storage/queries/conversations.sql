-- name: remember
INSERT INTO said (job, lane, at, turns) VALUES (:job, :lane, :now, :turns)
ON CONFLICT (job) DO NOTHING

-- name: recall
SELECT turns FROM said WHERE lane = :lane ORDER BY id DESC LIMIT :limit

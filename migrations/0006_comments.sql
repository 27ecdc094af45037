-- What people say about videos: comments, likes and dislikes, of our own people and of those of other pods.

-- A thread is a comment without a root; what answers it has it as its root. What is deleted stays as a gap while its thread does: without
-- words and without its author. One of another host has a uri; that of ours follows from its id.
CREATE TABLE comments (
    id @id,
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    actor_id BIGINT REFERENCES actors (id) ON DELETE SET NULL,
    root_id BIGINT REFERENCES comments (id) ON DELETE CASCADE,
    parent_id BIGINT REFERENCES comments (id) ON DELETE CASCADE,
    uri TEXT UNIQUE,
    text TEXT NOT NULL,
    -- It waits for the video's owner to look at it (of a video of another pod: for that pod).
    held BOOLEAN NOT NULL DEFAULT FALSE,
    -- Of a thread: answers that are there.
    replies BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX comments_threads ON comments (video_id, created_at, id) WHERE root_id IS NULL;
CREATE INDEX comments_video ON comments (video_id, id);
CREATE INDEX comments_root ON comments (root_id, id) WHERE root_id IS NOT NULL;
CREATE INDEX comments_parent ON comments (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_actor ON comments (actor_id, id) WHERE actor_id IS NOT NULL;

-- One opinion each: `like` or `dislike`.
CREATE TABLE ratings (
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    opinion TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (video_id, actor_id)
);
CREATE INDEX ratings_actor ON ratings (actor_id, video_id);

ALTER TABLE videos ADD COLUMN comments BIGINT NOT NULL DEFAULT 0;

-- When the threads and counts of a remote video were last read where it is at home.
ALTER TABLE remote_videos ADD COLUMN talked_at BIGINT;

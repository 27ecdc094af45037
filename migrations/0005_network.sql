-- Other pods and instances, what they hold, and what they must still be told.

-- A remote actor has the host it lives on, a uri and a key; a local one gets a key of its own when it first needs one. Only here no
-- two actors share a name: elsewhere a person and a group may, and who they are is told by their uris.
ALTER TABLE actors ADD COLUMN uri TEXT;
ALTER TABLE actors ADD COLUMN inbox TEXT;
ALTER TABLE actors ADD COLUMN shared_inbox TEXT;
ALTER TABLE actors ADD COLUMN outbox TEXT;
ALTER TABLE actors ADD COLUMN public_key TEXT;
ALTER TABLE actors ADD COLUMN private_key TEXT;
ALTER TABLE actors ADD COLUMN picture_url TEXT;
ALTER TABLE actors ADD COLUMN refreshed_at BIGINT;
DROP INDEX actors_name;
CREATE UNIQUE INDEX actors_name ON actors (lower(name)) WHERE host = '';
CREATE INDEX actors_handle ON actors (host, lower(name)) WHERE host <> '';
CREATE UNIQUE INDEX actors_uri ON actors (uri);

-- A remote video is a row like the others, so that lists and search find it. What is ours alone has indexes of its own, because
-- it is few among many.
ALTER TABLE videos ADD COLUMN remote BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX videos_local ON videos (id) WHERE privacy = 1 AND state = 1 AND remote = FALSE;
CREATE INDEX videos_local_newest ON videos (published_at, id) WHERE privacy = 1 AND state = 1 AND remote = FALSE;
CREATE INDEX videos_local_viewed ON videos (views, id) WHERE privacy = 1 AND state = 1 AND remote = FALSE;
CREATE INDEX videos_local_liked ON videos (likes, id) WHERE privacy = 1 AND state = 1 AND remote = FALSE;

-- What goes with a video is found by it, so that many can be removed.
CREATE INDEX watch_history_video ON watch_history (video_id);
CREATE INDEX uploads_video ON uploads (video_id);

-- Every other pod or instance that we deal with: friendship, score, and how telling it goes (one entry of back-off each).
CREATE TABLE hosts (
    id @id,
    host TEXT NOT NULL UNIQUE,
    actor_id BIGINT REFERENCES actors (id) ON DELETE SET NULL,
    software TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    friendship TEXT NOT NULL DEFAULT 'none',
    friend_since BIGINT,
    protocol BIGINT NOT NULL DEFAULT 0,
    oldest_protocol BIGINT NOT NULL DEFAULT 0,
    capabilities TEXT NOT NULL DEFAULT '[]',
    score BIGINT NOT NULL DEFAULT 100,
    score_at BIGINT NOT NULL,
    -- What the score is made of (JSON of podnet's).
    score_state TEXT,
    shared_inbox TEXT,
    -- Sending: when it is tried next (NULL when nothing waits), by whom, and how it went.
    due_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT,
    last_error TEXT,
    last_sent_at BIGINT,
    last_heard_at BIGINT,
    -- Numbers of the last groups that went there and came from there.
    sent_group BIGINT,
    heard_group BIGINT,
    -- Our whole list on its way there: its token, and the last video that was acknowledged.
    whole_token TEXT,
    whole_after BIGINT NOT NULL DEFAULT 0,
    -- Its whole list that is coming in.
    heard_token TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX hosts_due ON hosts (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX hosts_friendship ON hosts (friendship, host);
CREATE INDEX hosts_actor ON hosts (actor_id);

-- Why a score is what it is, in words.
CREATE TABLE host_scores (
    id @id,
    host_id BIGINT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    change BIGINT NOT NULL,
    score BIGINT NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX host_scores_host ON host_scores (host_id, id);

-- What a host is still to be told. Of one subject at most one row waits; a row with a group is on its way and not acknowledged yet.
-- A row without a body is written from the other tables when it is sent.
CREATE TABLE outbox (
    id @id,
    host_id BIGINT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    verb TEXT NOT NULL,
    body TEXT,
    -- The host may know of the subject all the same, because it was being sent the whole list meanwhile.
    told BOOLEAN NOT NULL DEFAULT FALSE,
    group_id TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX outbox_waiting ON outbox (host_id, subject) WHERE group_id IS NULL;
CREATE INDEX outbox_host ON outbox (host_id, id);
CREATE INDEX outbox_sent ON outbox (host_id, id) WHERE group_id IS NOT NULL;
-- Where opposites met and cancelled; empty but within a transaction.
CREATE INDEX outbox_cancelled ON outbox (subject) WHERE verb = 'nothing';

CREATE TABLE follows (
    id @id,
    follower_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    -- The activity that asked for it.
    uri TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX follows_pair ON follows (follower_id, target_id);
CREATE INDEX follows_target ON follows (target_id, state, id);

-- What a remote video has beside its row: where it is at home, and what playing it needs (JSON).
CREATE TABLE remote_videos (
    video_id BIGINT PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
    uri TEXT NOT NULL UNIQUE,
    host_id BIGINT NOT NULL REFERENCES hosts (id),
    document TEXT NOT NULL,
    thumbnail_url TEXT,
    preview_url TEXT,
    -- The whole list it was last mentioned in.
    token TEXT,
    origin_updated_at BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL
);
CREATE INDEX remote_videos_host ON remote_videos (host_id, video_id);

-- Numbers used once that came with messages, for as long as such a message would be believed again.
CREATE TABLE nonces (
    host_id BIGINT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    nonce TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (host_id, nonce)
);
CREATE INDEX nonces_at ON nonces (at);

-- Whom the pod neither hears nor tells anything: whole hosts and single actors.
CREATE TABLE blocks (
    id @id,
    host TEXT UNIQUE,
    actor TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    CHECK ((host IS NULL) <> (actor IS NULL))
);

-- The first tables: people, what they publish, and the work that publishing needs.
-- One text for both engines: `@id` stands for the engine's own row id (crates/db/src/dialect.rs).
-- Times are milliseconds since 1970, quotas are bytes with -1 for "no limit".

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What an account and a channel have in common. A local actor has the empty host.
CREATE TABLE actors (
    id @id,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL DEFAULT '',
    display_name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    avatar TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX actors_name ON actors (lower(name), host);

CREATE TABLE users (
    id @id,
    username TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role BIGINT NOT NULL,
    blocked BOOLEAN NOT NULL DEFAULT FALSE,
    blocked_reason TEXT,
    quota BIGINT NOT NULL,
    quota_daily BIGINT NOT NULL,
    p2p_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    auto_play BOOLEAN NOT NULL DEFAULT TRUE,
    nsfw_policy TEXT NOT NULL DEFAULT 'warn',
    theme TEXT NOT NULL DEFAULT 'instance-default',
    language TEXT,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE accounts (
    id @id,
    actor_id BIGINT NOT NULL UNIQUE REFERENCES actors (id) ON DELETE CASCADE,
    user_id BIGINT UNIQUE REFERENCES users (id) ON DELETE SET NULL
);

CREATE TABLE channels (
    id @id,
    actor_id BIGINT NOT NULL UNIQUE REFERENCES actors (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    support TEXT
);
CREATE INDEX channels_account ON channels (account_id, id);

-- Tokens are kept as SHA-256, so that a copy of the database signs nobody in.
CREATE TABLE tokens (
    id @id,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_hash TEXT NOT NULL UNIQUE,
    refresh_hash TEXT NOT NULL UNIQUE,
    access_until BIGINT NOT NULL,
    refresh_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_refresh_until ON tokens (refresh_until);

CREATE TABLE videos (
    id @id,
    uuid TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    support TEXT,
    category BIGINT,
    licence BIGINT,
    language TEXT,
    tags TEXT NOT NULL DEFAULT '[]',
    nsfw BOOLEAN NOT NULL DEFAULT FALSE,
    privacy BIGINT NOT NULL,
    state BIGINT NOT NULL,
    failure TEXT,
    wait_transcoding BOOLEAN NOT NULL DEFAULT FALSE,
    download_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    comments_policy BIGINT NOT NULL DEFAULT 1,
    p2p_enabled BOOLEAN NOT NULL DEFAULT TRUE,
    duration BIGINT NOT NULL DEFAULT 0,
    width BIGINT NOT NULL DEFAULT 0,
    height BIGINT NOT NULL DEFAULT 0,
    views BIGINT NOT NULL DEFAULT 0,
    likes BIGINT NOT NULL DEFAULT 0,
    dislikes BIGINT NOT NULL DEFAULT 0,
    thumbnail TEXT,
    preview TEXT,
    storyboard TEXT,
    playlist TEXT,
    source_name TEXT NOT NULL DEFAULT '',
    source_size BIGINT NOT NULL DEFAULT 0,
    source_kept BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    originally_published_at BIGINT
);
-- The public lists: only what everybody may see is in these indexes, and a list is read from them alone.
CREATE INDEX videos_newest ON videos (published_at, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_viewed ON videos (views, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_liked ON videos (likes, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_longest ON videos (duration, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_named ON videos (name, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_of_channel ON videos (channel_id, published_at, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_of_account ON videos (account_id, published_at, id) WHERE privacy = 1 AND state = 1;
CREATE INDEX videos_in_category ON videos (category, published_at, id) WHERE privacy = 1 AND state = 1;
-- A creator's own videos, whatever their state.
CREATE INDEX videos_mine ON videos (account_id, created_at, id);
CREATE INDEX videos_channel_all ON videos (channel_id);

CREATE TABLE video_tags (
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (video_id, tag)
);
CREATE INDEX video_tags_tag ON video_tags (tag, video_id);

-- One encoding of a video: one fragmented MP4, one playlist, one torrent over the same bytes.
CREATE TABLE renditions (
    id @id,
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    resolution BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    fps BIGINT NOT NULL,
    size BIGINT NOT NULL,
    bandwidth BIGINT NOT NULL,
    bandwidth_average BIGINT NOT NULL,
    codecs TEXT NOT NULL,
    has_audio BOOLEAN NOT NULL,
    has_video BOOLEAN NOT NULL,
    file TEXT NOT NULL UNIQUE,
    playlist TEXT NOT NULL UNIQUE,
    torrent TEXT NOT NULL UNIQUE,
    infohash TEXT NOT NULL UNIQUE,
    pieces_root TEXT NOT NULL,
    piece_length BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX renditions_video ON renditions (video_id, resolution);

-- Uploads under way. How much has arrived is the length of the file, which outlives a crash.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    draft TEXT NOT NULL,
    size BIGINT NOT NULL,
    video_id BIGINT REFERENCES videos (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX uploads_user ON uploads (user_id);
CREATE INDEX uploads_updated ON uploads (updated_at);

CREATE TABLE jobs (
    id @id,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    video_id BIGINT REFERENCES videos (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    priority BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    progress BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    lease_owner TEXT,
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX jobs_waiting ON jobs (priority, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_active ON jobs (lease_until, id) WHERE state = 'active';
CREATE INDEX jobs_video ON jobs (video_id, id);
CREATE INDEX jobs_state ON jobs (state, created_at, id);

-- Where a signed-in viewer stopped.
CREATE TABLE watch_history (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    seconds BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, video_id)
);
CREATE INDEX watch_history_newest ON watch_history (user_id, updated_at, video_id);

-- Where the bytes of a video came from, by day, as its viewers' pages report it.
CREATE TABLE video_traffic (
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    from_pod BIGINT NOT NULL,
    from_peers BIGINT NOT NULL,
    to_peers BIGINT NOT NULL,
    PRIMARY KEY (video_id, day)
);

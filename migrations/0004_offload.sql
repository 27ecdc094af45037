-- What left the pod for its viewers and what they carried for each other, by the hour for a month and by the day after that.
-- The pod has rows of its own: its past does not change when a video is removed.
CREATE TABLE video_offload (
    video_id BIGINT NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    start_at BIGINT NOT NULL,
    hours BIGINT NOT NULL,
    from_pod BIGINT NOT NULL,
    from_viewers BIGINT NOT NULL,
    viewers BIGINT NOT NULL,
    PRIMARY KEY (video_id, start_at, hours)
);
CREATE INDEX video_offload_age ON video_offload (hours, start_at);

CREATE TABLE pod_offload (
    start_at BIGINT NOT NULL,
    hours BIGINT NOT NULL,
    from_pod BIGINT NOT NULL,
    from_viewers BIGINT NOT NULL,
    viewers BIGINT NOT NULL,
    PRIMARY KEY (start_at, hours)
);

-- By which activities something was said: whoever takes it back may name the activity alone.
ALTER TABLE ratings ADD COLUMN uri TEXT;
CREATE INDEX ratings_uri ON ratings (uri) WHERE uri IS NOT NULL;
-- The activity by which the pod of its video passed a comment on.
ALTER TABLE comments ADD COLUMN announce TEXT;
CREATE INDEX comments_announce ON comments (announce) WHERE announce IS NOT NULL;

-- Videos of other pods whose pictures are on the disk. A row without its video is a picture to be removed; the names follow from the uuids.
CREATE TABLE remote_pictures (
    uuid TEXT PRIMARY KEY,
    video_id BIGINT REFERENCES videos (id) ON DELETE SET NULL
);
CREATE INDEX remote_pictures_video ON remote_pictures (video_id);
-- Which of them are there was not written down so far.
INSERT INTO remote_pictures (uuid, video_id) SELECT uuid, id FROM videos WHERE remote = TRUE;

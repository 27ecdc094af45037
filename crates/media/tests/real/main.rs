//! Real files through real ffmpeg: small uploads of every kind are made, examined, planned, encoded and played back
//! from their playlists, everything confined as in production. Slow machines need seconds, nothing sleeps.

mod confined;
mod damage;
mod images;
mod running;
mod samples;
mod studio;
mod sync;
mod uploads;

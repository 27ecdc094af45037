//! What the packets of a file say: where sound and pictures really begin and end, how far apart keyframes are, and so
//! whether the header told the truth. Lines are looked at one by one, so a file of any length costs constant memory.

use super::{Probe, ProbeError, rate};
use crate::Limits;

/// Seconds at the beginning that are looked at in full.
const HEAD_S: f64 = 60.0;
/// Seconds before the claimed end from which packets are looked at.
const TAIL_S: f64 = 2.0;
/// How much earlier than claimed a file may end: seconds, and part of its duration.
const SLACK_S: f64 = 2.0;
const SLACK_PART: f64 = 0.05;
/// Times of frames that are kept to find the rate.
const MAX_TIMES: usize = 1000;

/// Formats whose claimed duration is a guess from the bit rate; they are read from end to end.
pub fn can_seek(container: &str) -> bool {
    !matches!(container, "mp3" | "aac")
}

/// The parts to read in ffprobe's notation; `None` is the whole file.
pub fn intervals(first_s: f64, claimed_s: Option<f64>) -> Option<String> {
    let claimed_s = claimed_s.filter(|s| *s > HEAD_S + TAIL_S)?;
    Some(format!("%+{HEAD_S},{:.3}%", first_s + claimed_s - TAIL_S))
}

/// Times of one stream.
#[derive(Clone, Copy, Default)]
struct Track {
    first: Option<f64>,
    last_end: Option<f64>,
}

impl Track {
    fn see(&mut self, time: f64, end: f64) {
        self.first = Some(self.first.map_or(time, |t| t.min(time)));
        self.last_end = Some(self.last_end.map_or(end, |t| t.max(end)));
    }
}

/// Gathers what the lines say.
pub struct Packets {
    video_index: Option<u32>,
    audio_index: Option<u32>,
    video: Track,
    audio: Track,
    last_keyframe: Option<f64>,
    keyframe_gap: f64,
    times: Vec<f64>,
    discarded_video: bool,
}

impl Packets {
    pub fn new(probe: &Probe) -> Self {
        Packets {
            video_index: probe
                .video
                .as_ref()
                .filter(|v| !v.is_picture)
                .map(|v| v.index),
            audio_index: probe.audio.as_ref().map(|a| a.index),
            video: Track::default(),
            audio: Track::default(),
            last_keyframe: None,
            keyframe_gap: 0.0,
            times: Vec::new(),
            discarded_video: false,
        }
    }

    /// Takes one line of `stream_index=0|pts_time=1.0|dts_time=1.0|duration_time=0.04|flags=K_`.
    pub fn line(&mut self, line: &str) {
        let (mut index, mut pts, mut dts, mut duration, mut flags) = (None, None, None, 0.0, "");
        for (key, value) in line
            .trim_end()
            .split('|')
            .filter_map(|field| field.split_once('='))
        {
            match key {
                "stream_index" => index = value.parse::<u32>().ok(),
                "pts_time" => pts = value.parse::<f64>().ok(),
                "dts_time" => dts = value.parse::<f64>().ok(),
                "duration_time" => duration = value.parse::<f64>().unwrap_or(0.0),
                "flags" => flags = value,
                _ => {}
            }
        }
        let Some(time) = pts.or(dts).filter(|t| t.is_finite()) else {
            return;
        };
        let (keyframe, discarded) = (flags.contains('K'), flags.contains('D'));
        if index.is_some() && index == self.video_index {
            self.discarded_video |= discarded;
            if keyframe {
                self.last_keyframe = Some(time);
            } else if let Some(last) = self.last_keyframe {
                self.keyframe_gap = self.keyframe_gap.max(time - last);
            }
            if self.times.len() < MAX_TIMES {
                self.times.push(time);
            }
            if !discarded {
                self.video.see(time, time + duration);
            }
        } else if index.is_some() && index == self.audio_index && !discarded {
            // Encoders put silence before the beginning; it is not heard.
            self.audio.see(time, time + duration);
        }
    }

    /// Puts the true times into the probe, or says why the file cannot be taken.
    pub fn settle(
        self,
        probe: &mut Probe,
        claimed_s: Option<f64>,
        limits: &Limits,
    ) -> Result<(), ProbeError> {
        if self.video_index.is_some() && self.video.first.is_none() {
            return Err(ProbeError::CutOff);
        }
        let first = |t: &Track| t.first;
        let start = [first(&self.video), first(&self.audio)]
            .into_iter()
            .flatten()
            .reduce(f64::min);
        let end = [self.video.last_end, self.audio.last_end]
            .into_iter()
            .flatten()
            .reduce(f64::max);
        let (Some(start), Some(end)) = (start, end) else {
            return Err(ProbeError::CutOff);
        };
        let duration_s = end - start;
        if claimed_s.is_some_and(|claimed| duration_s + SLACK_S.max(claimed * SLACK_PART) < claimed)
        {
            return Err(ProbeError::CutOff);
        }
        if duration_s > limits.max_duration_s {
            return Err(ProbeError::TooLong {
                hours: duration_s / 3600.0,
                max_hours: limits.max_duration_s / 3600.0,
            });
        }
        probe.start_s = start;
        probe.duration_s = duration_s;
        if let Some(video) = probe.video.as_mut().filter(|v| !v.is_picture) {
            video.start_s = self.video.first.unwrap_or(start) - start;
            video.end_s = self.video.last_end.unwrap_or(end) - start;
            video.keyframe_gap_s = self.keyframe_gap;
            video.hidden_start = self.discarded_video;
            video.fps = rate::choose(Some(video.fps), self.times);
        }
        match (&mut probe.audio, self.audio.first, self.audio.last_end) {
            (Some(audio), Some(first), Some(last)) => {
                audio.start_s = first - start;
                audio.end_s = last - start;
            }
            // A track without a single packet is no sound.
            _ => probe.audio = None,
        }
        Ok(())
    }
}

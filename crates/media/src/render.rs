//! From a planned rendition to the ffmpeg command that makes it. Every rendition is one fragmented MP4: a header that
//! needs nothing from the end of the file, then fragments that begin at keyframes. Time zero is the upload's first
//! moment in all of them: inputs are shifted by the same amount and keep their stamps (`-copyts`), the delay that
//! B-frames cause is told by one edit list, and the encoder's own silence before the beginning of sound is dropped; so
//! renditions are in step to the frame and players need no tricks. Output is reproducible: the same input and plan
//! give the same bytes. Nothing runs here.

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::command::{Builder, DECODER_PIXELS};
use crate::{AudioWork, Command, Encode, Probe, Rendition, VideoStream, VideoWork};

/// A rendition and the file that it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// What to make.
    pub rendition: &'a Rendition,
    /// Where to; inside the work folder of the run.
    pub output: &'a Path,
}

/// Fragments begin at keyframes, but not more often than about this (microseconds), so that a file with a keyframe in
/// every frame does not become all headers.
const MIN_FRAGMENT_US: &str = "1900000";
/// The same where the keyframes are our own.
const MIN_ENCODED_FRAGMENT_US: &str = "900000";
/// Where an encoding has keyframes besides the even ones (seconds): a player shows nothing before it has a whole fragment, so the
/// first ones are short.
const EARLY_KEYFRAMES_S: &str = "1,2,4";
const AUDIO_FRAGMENT_US: &str = "4000000";

/// The colour of a card without a picture.
pub(crate) const CARD: &str = "0x16181d";

/// The command that makes the targets of one upload. Several encoded targets in one command share the decoding of the
/// upload, which costs a good part of the work; each could as well be made by itself, with the same bytes. `audio` is
/// the finished audio rendition, wanted when a target copies from it.
pub fn render(
    probe: &Probe,
    source: &Path,
    audio: Option<&Path>,
    targets: &[Target<'_>],
) -> Command {
    let mut builder = Builder::new(probe.duration_s);
    builder.args("-copyts -max_pixels").arg(DECODER_PIXELS);
    builder
        .arg("-itsoffset")
        .arg(format!("{:.6}", -probe.start_s))
        .input(source);
    let wants_audio = targets.iter().any(|t| t.rendition.needs_audio_file());
    let audio = audio.filter(|_| wants_audio);
    if let Some(audio) = audio {
        builder.args("-itsoffset 0").input(audio);
    }

    let mut graph = Vec::new();
    let encoded: Vec<_> = (0..)
        .zip(targets)
        .filter(|(_, t)| matches!(t.rendition.video, VideoWork::Encode(_)))
        .collect();
    if let (Some(video), false) = (&probe.video, encoded.is_empty()) {
        let outs: String = encoded.iter().map(|(n, _)| format!("[s{n}]")).collect();
        let fields = encoded
            .iter()
            .any(|(_, t)| matches!(&t.rendition.video, VideoWork::Encode(e) if e.deinterlace));
        let first = if fields {
            "bwdif=mode=send_frame:deint=interlaced,"
        } else {
            ""
        };
        graph.push(format!(
            "[0:{}]{first}split={}{outs}",
            video.index,
            encoded.len()
        ));
        for (n, target) in &encoded {
            if let VideoWork::Encode(encode) = &target.rendition.video {
                graph.push(format!(
                    "[s{n}]{}[v{n}]",
                    picture_filter(video, target.rendition, encode)
                ));
            }
        }
    }
    for (n, target) in (0..).zip(targets) {
        if let VideoWork::Still(encode) = &target.rendition.video {
            graph.push(still_filter(probe, target.rendition, encode, n));
        }
    }
    if !graph.is_empty() {
        builder.arg("-filter_complex").arg(graph.join(";"));
    }

    for (n, target) in (0..).zip(targets) {
        let rendition = target.rendition;
        add_video(&mut builder, probe, rendition, n);
        add_audio(&mut builder, probe, rendition, audio.is_some());
        builder.args("-map_metadata -1 -map_chapters -1 -sn -dn -fflags +bitexact -flags:v +bitexact -flags:a +bitexact");
        builder.args("-max_muxing_queue_size 4096 -avoid_negative_ts disabled -f mp4");
        let flags = "+empty_moov+delay_moov+default_base_moof+frag_discont";
        if rendition.video == VideoWork::None {
            builder
                .arg("-movflags")
                .arg(flags)
                .arg("-frag_duration")
                .arg(AUDIO_FRAGMENT_US);
        } else {
            builder
                .arg("-movflags")
                .arg(format!("{flags}+frag_keyframe"));
            builder
                .arg("-min_frag_duration")
                .arg(match rendition.video {
                    VideoWork::Copy => MIN_FRAGMENT_US,
                    _ => MIN_ENCODED_FRAGMENT_US,
                });
        }
        builder.output(target.output);
    }
    if counts_from_streams_in_use(&probe.container) {
        for index in unused_streams(probe, targets) {
            builder.args(&format!("-map 0:{index} -c copy -f null -"));
        }
    }
    builder.build()
}

/// Formats for which ffmpeg takes the beginning of the streams that are read as time zero, not that of the file. There
/// every command must read the same streams, or renditions would be shifted against each other.
fn counts_from_streams_in_use(container: &str) -> bool {
    matches!(container, "mpegts" | "mpeg" | "ogg")
}

fn unused_streams(probe: &Probe, targets: &[Target<'_>]) -> impl Iterator<Item = u32> {
    let video = targets
        .iter()
        .any(|t| matches!(t.rendition.video, VideoWork::Copy | VideoWork::Encode(_)));
    let audio = targets.iter().any(|t| {
        matches!(
            t.rendition.audio,
            AudioWork::CopySource | AudioWork::Encode { .. }
        )
    });
    let video = probe
        .video
        .as_ref()
        .filter(|v| !video && !v.is_picture)
        .map(|v| v.index);
    let audio = probe.audio.as_ref().filter(|_| !audio).map(|a| a.index);
    video.into_iter().chain(audio)
}

fn add_video(builder: &mut Builder, probe: &Probe, rendition: &Rendition, n: usize) {
    let encode = match &rendition.video {
        VideoWork::None => {
            builder.args("-vn");
            return;
        }
        VideoWork::Copy => {
            let index = probe.video.as_ref().map_or(0, |v| v.index);
            builder.args(&format!("-map 0:{index} -c:v copy"));
            return;
        }
        VideoWork::Encode(encode) | VideoWork::Still(encode) => encode,
    };
    let matrix = match &rendition.video {
        VideoWork::Still(_) => "bt709",
        _ => probe.video.as_ref().map_or("bt709", out_matrix),
    };
    let primaries = if matrix == "fcc" { "smpte170m" } else { matrix };
    let transfer = if matrix == "bt709" {
        "bt709"
    } else {
        "smpte170m"
    };
    let (gop, bufsize) = (encode.gop, encode.maxrate * 2);
    builder.args(&format!(
        "-map [v{n}] -c:v libx264 -preset {} -crf {}",
        encode.preset, encode.crf
    ));
    builder.args(&format!(
        "-maxrate {} -bufsize {bufsize} -profile:v high",
        encode.maxrate
    ));
    // No keyframes but these, so that they fall on the same instants in every rendition.
    builder.args(&format!(
        "-g {gop} -keyint_min {gop} -sc_threshold 0 -force_key_frames {EARLY_KEYFRAMES_S}"
    ));
    builder.args(&format!(
        "-colorspace {matrix} -color_primaries {primaries} -color_trc {transfer} -color_range tv"
    ));
    if encode.threads > 0 {
        builder.args(&format!("-threads {}", encode.threads));
    }
    if matches!(rendition.video, VideoWork::Still(_)) {
        builder.args("-tune stillimage");
    }
}

fn add_audio(builder: &mut Builder, probe: &Probe, rendition: &Rendition, has_file: bool) {
    let index = probe.audio.as_ref().map_or(0, |a| a.index);
    // The first packet only starts the encoder; it lies before time zero.
    let no_priming = "-bsf:a noise=drop=lt(pts\\,0)";
    match &rendition.audio {
        AudioWork::CopyFile if has_file => builder.args("-map 1:a:0 -c:a copy"),
        AudioWork::None | AudioWork::CopyFile => builder.args("-an"),
        AudioWork::CopySource => builder.args(&format!("-map 0:{index} -c:a copy {no_priming}")),
        AudioWork::Encode {
            bitrate,
            channels,
            sample_rate,
            fill_to_s,
        } => {
            builder.args(&format!(
                "-map 0:{index} -c:a aac -b:a {bitrate} -ac {channels} {no_priming} -af"
            ));
            // Begins at zero whatever the upload does, and fills gaps, so that sound stays with the pictures.
            let mut filter = format!("aresample={sample_rate}:async=1:first_pts=0");
            if *fill_to_s > 0.0 {
                filter.push_str(&format!(",apad=whole_dur={fill_to_s:.3}"));
            }
            builder.arg(filter)
        }
    };
}

/// Frames at an even pace from time zero on, in the size and colours of the rendition.
fn picture_filter(video: &VideoStream, rendition: &Rendition, encode: &Encode) -> String {
    let fps = rendition.fps.unwrap_or(video.fps);
    let mut filter = format!("fps={}/{}:start_time=0", fps.num, fps.den);
    if encode.fill_to_s > video.end_s {
        filter.push_str(&format!(
            ",tpad=stop_mode=clone:stop_duration={:.3}",
            encode.fill_to_s - video.end_s
        ));
    }
    filter.push_str(&format!(
        ",scale={}:{}:flags=bicubic:out_range=tv",
        rendition.width, rendition.height
    ));
    if encode.tonemap {
        filter.push_str(
            ",zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv",
        );
    } else if is_rgb(video) {
        filter.push_str(":out_color_matrix=bt709");
    } else if is_wide(video) {
        filter.push_str(":in_color_matrix=bt2020:out_color_matrix=bt709");
    }
    filter.push_str(",setsar=1,format=yuv420p");
    filter
}

/// A dark card with the picture of the upload in its middle, if there is one.
fn still_filter(probe: &Probe, rendition: &Rendition, encode: &Encode, n: usize) -> String {
    let (width, height) = (rendition.width, rendition.height);
    let fps = rendition.fps.map_or((2, 1), |f| (f.num, f.den));
    let card = format!(
        "color=c={CARD}:s={width}x{height}:r={}/{}:d={:.3}",
        fps.0, fps.1, encode.fill_to_s
    );
    let Some(picture) = &probe.video else {
        return format!("{card},format=yuv420p[v{n}]");
    };
    let (w, h) = fit(picture.width, picture.height, width, height);
    format!(
        "{card}[c{n}];[0:{}]setpts=0,scale={w}:{h}:flags=bicubic:out_color_matrix=bt709:out_range=tv,setsar=1[p{n}];\
         [c{n}][p{n}]overlay=(W-w)/2:(H-h)/2:eof_action=repeat,format=yuv420p[v{n}]",
        picture.index
    )
}

/// The largest size of the same shape within the box, never larger than it is.
pub(crate) fn fit(width: u32, height: u32, max_width: u32, max_height: u32) -> (u32, u32) {
    let (w, h) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let factor = (f64::from(max_width) / w)
        .min(f64::from(max_height) / h)
        .min(1.0);
    let even = |length: f64| (((length * factor / 2.0).round() as u32) * 2).max(2);
    (even(w), even(h))
}

fn is_rgb(video: &VideoStream) -> bool {
    ["gbr", "rgb", "bgr", "argb", "abgr", "pal8", "0rgb", "0bgr"]
        .iter()
        .any(|p| video.pix_fmt.starts_with(p))
}

fn is_wide(video: &VideoStream) -> bool {
    video.hdr || video.color_space.starts_with("bt2020")
}

/// The colour matrix of the result. It stays what it was, for converting is slow and gains nothing; what is not said
/// follows the convention that small pictures are television of old.
fn out_matrix(video: &VideoStream) -> &'static str {
    match video.color_space.as_str() {
        "bt470bg" => "bt470bg",
        "smpte170m" => "smpte170m",
        "fcc" => "fcc",
        "" if !is_rgb(video) && !is_wide(video) && video.width.min(video.height) < 720 => {
            "smpte170m"
        }
        _ => "bt709",
    }
}

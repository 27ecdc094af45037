//! Publishes an upload as the pod does and checks every rendition: it is indexed, its playlist plays the same bits as
//! the file, sound and pictures begin together, and encoded renditions can be switched at their keyframes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use hls::{Index, Indexer};
use media::render::{Target, render};
use media::{AudioWork, Ladder, Plan, Probe, Rendition, Tools, VideoWork, plan, probe, run};
use tokio_util::sync::CancellationToken;

pub fn tools() -> Tools {
    Tools {
        confine: Some(env!("CARGO_BIN_EXE_media-confine").into()),
        ..Tools::new("ffmpeg", "ffprobe")
    }
}

pub fn ladder(heights: &[u32]) -> Ladder {
    Ladder {
        heights: heights.to_vec(),
        preset: "ultrafast".into(),
        threads: 1,
        ..Ladder::default()
    }
}

pub struct Made {
    pub rendition: Rendition,
    pub file: PathBuf,
    pub index: Index,
    pub playlist: PathBuf,
}

pub struct Published {
    pub probe: Probe,
    pub plan: Plan,
    /// By resolution.
    pub made: BTreeMap<u32, Made>,
}

impl Published {
    /// Like `720: copy/copy 1280x720@25`, one line for each rendition.
    pub fn summary(&self) -> Vec<String> {
        let video = |work: &VideoWork| match work {
            VideoWork::None => "-",
            VideoWork::Copy => "copy",
            VideoWork::Encode(_) => "encode",
            VideoWork::Still(_) => "still",
        };
        let audio = |work: &AudioWork| match work {
            AudioWork::None => "-",
            AudioWork::CopySource => "copy",
            AudioWork::CopyFile => "file",
            AudioWork::Encode { .. } => "encode",
        };
        self.made
            .values()
            .rev()
            .map(|m| {
                let r = &m.rendition;
                let fps = r
                    .fps
                    .map_or(String::new(), |f| format!("@{:.2}", f.value()));
                format!(
                    "{}: {}/{} {}x{}{fps}",
                    r.resolution,
                    video(&r.video),
                    audio(&r.audio),
                    r.width,
                    r.height
                )
            })
            .collect()
    }
}

/// Everything from the upload to the playlists, with all checks.
pub async fn publish(upload: &Path, ladder: &Ladder) -> Published {
    let published = publish_unchecked(upload, ladder).await;
    check(&published);
    published
}

/// Everything from the upload to the playlists.
pub async fn publish_unchecked(upload: &Path, ladder: &Ladder) -> Published {
    let tools = tools();
    let folder = upload.parent().expect("a folder").join("work");
    std::fs::create_dir_all(&folder).expect("a folder");
    let found = probe(&tools, upload).await.expect("a good upload");
    let plan = plan(&found, ladder);
    let mut made = BTreeMap::new();
    let mut audio = None;
    for rendition in plan.steps() {
        let file = folder.join(format!("{}.mp4", rendition.resolution));
        let command = render(
            &found,
            upload,
            audio.as_deref(),
            &[Target {
                rendition,
                output: &file,
            }],
        );
        let mut last = 0.0;
        run(
            &tools,
            &command,
            &folder,
            |p| last = p,
            CancellationToken::new(),
        )
        .await
        .expect("ffmpeg");
        assert_eq!(last, 1.0, "progress ends at its end");
        if rendition.resolution == 0 {
            audio = Some(file.clone());
        }
        let one = finish(rendition, file);
        assert!(
            made.insert(rendition.resolution, one).is_none(),
            "one rendition for each resolution"
        );
    }
    let published = Published {
        probe: found,
        plan,
        made,
    };
    check(&published);
    published
}

fn finish(rendition: &Rendition, file: PathBuf) -> Made {
    let mut indexer = Indexer::new();
    let bytes = std::fs::read(&file).expect("the file");
    for slice in bytes.chunks(997) {
        indexer.feed(slice).expect("fragments");
    }
    let index = indexer.finish().expect("an index");
    let name = file
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let playlist = file.with_extension("m3u8");
    let text = hls::media_playlist(&index, &name);
    assert!(
        text.contains("#EXT-X-INDEPENDENT-SEGMENTS"),
        "every segment starts at a keyframe"
    );
    std::fs::write(&playlist, text).expect("written");
    Made {
        rendition: rendition.clone(),
        file,
        index,
        playlist,
    }
}

fn check(published: &Published) {
    let mut keyframes: Option<Vec<String>> = None;
    for made in published.made.values() {
        let what = format!("{}p", made.rendition.resolution);
        assert_eq!(
            frames(&made.playlist),
            frames(&made.file),
            "{what}: the playlist plays the file"
        );
        assert_eq!(
            (made.index.width, made.index.height),
            (made.rendition.width, made.rendition.height),
            "{what}"
        );
        assert_eq!(
            made.index.has_video,
            made.rendition.video != VideoWork::None,
            "{what}"
        );
        assert_eq!(
            made.index.has_audio,
            made.rendition.audio != AudioWork::None,
            "{what}"
        );
        // Sound may be a little shorter than the pictures that it belongs to.
        let end = if made.index.has_video {
            published.probe.duration_s
        } else {
            published
                .probe
                .audio
                .as_ref()
                .map_or(0.0, |a| a.end_s.max(made.index.duration_s))
        };
        let longer = made.index.duration_s - end;
        assert!(
            longer.abs() < 0.6,
            "{what} lasts {} of {end}",
            made.index.duration_s
        );
        for stream in made.index.codecs.split(',') {
            assert!(
                stream.starts_with("avc1.") || stream == "mp4a.40.2",
                "{what}: {stream}"
            );
        }
        if let VideoWork::Encode(_) = made.rendition.video {
            let own = times(&made.file, "v:0", "-skip_frame nokey");
            let all = keyframes.get_or_insert_with(|| own.clone());
            assert_eq!(
                &own, all,
                "{what}: keyframes are the same as in the other renditions"
            );
            assert_eq!(
                own.first().map(String::as_str),
                Some("0.000000"),
                "{what} begins at zero"
            );
        }
    }
}

/// A checksum and a time for every decoded frame of picture and sound.
pub fn frames(input: &Path) -> String {
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-copyts", "-i"])
        .arg(input)
        .args([
            "-map",
            "0",
            "-fps_mode",
            "passthrough",
            "-f",
            "framemd5",
            "-",
        ])
        .output()
        .expect("ffmpeg runs");
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && complaint.is_empty(),
        "{}: {complaint}",
        input.display()
    );
    String::from_utf8(done.stdout).expect("text")
}

/// Time stamps of the frames of one stream.
pub fn times(file: &Path, stream: &str, options: &str) -> Vec<String> {
    ask(
        file,
        &format!("{options} -select_streams {stream} -show_entries frame=pts_time -of csv=p=0"),
    )
}

/// Lines of ffprobe's answer.
pub fn ask(file: &Path, words: &str) -> Vec<String> {
    let done = Command::new("ffprobe")
        .args(["-v", "error"])
        .args(words.split_whitespace())
        .arg(file)
        .output()
        .expect("ffprobe");
    let text = String::from_utf8(done.stdout).expect("text");
    text.lines()
        .map(|l| l.trim_end_matches(',').to_owned())
        .filter(|l| !l.is_empty())
        .collect()
}

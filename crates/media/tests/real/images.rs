//! Thumbnails, previews and storyboards of real files.

use std::path::Path;

use media::images::{pictures, storyboard};
use media::{probe, run};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::samples::{H264, make, sources};
use crate::studio::{ask, tools};

fn size(image: &Path) -> String {
    ask(
        image,
        "-show_entries stream=codec_name,width,height -of csv=p=0",
    )
    .join(" ")
}

/// Sizes of thumbnail and preview, and of the storyboard with its step if there is one.
async fn images(name: &str, words: &str) -> (String, String, Option<(String, u32, f64)>) {
    let folder = TempDir::new().expect("a folder");
    let upload = make(folder.path(), name, words);
    let tools = tools();
    let found = probe(&tools, &upload).await.expect("a good upload");
    let work = folder.path().join("work");
    std::fs::create_dir(&work).expect("a folder");
    let (thumbnail, preview, sheet) = (work.join("t.jpg"), work.join("p.jpg"), work.join("s.jpg"));
    let command = pictures(&found, &upload, &thumbnail, &preview);
    run(&tools, &command, &work, |_| {}, CancellationToken::new())
        .await
        .expect("pictures");
    let mut board = None;
    if let Some((command, shape)) = storyboard(&found, &upload, &sheet) {
        run(&tools, &command, &work, |_| {}, CancellationToken::new())
            .await
            .expect("a storyboard");
        assert_eq!(
            size(&sheet),
            format!("mjpeg,{},{}", shape.total_width, shape.total_height)
        );
        let cells =
            (shape.total_width / shape.sprite_width) * (shape.total_height / shape.sprite_height);
        assert!(
            f64::from(cells) * shape.sprite_duration_s >= found.duration_s - 0.001,
            "every moment has a cell"
        );
        board = Some((
            format!("{}x{}", shape.sprite_width, shape.sprite_height),
            cells,
            shape.sprite_duration_s,
        ));
    }
    (size(&thumbnail), size(&preview), board)
}

#[tokio::test]
async fn shapes() {
    let cases = [
        (
            "wide.mp4",
            sources("640x360", "25", 3.0),
            "mjpeg,640,360",
            "192x108",
            3,
        ),
        (
            "narrow.mp4",
            sources("320x240", "25", 3.0),
            "mjpeg,426,240",
            "192x144",
            3,
        ),
        (
            "portrait.mp4",
            sources("180x320", "25", 3.0),
            "mjpeg,568,320",
            "108x192",
            3,
        ),
        (
            "tiny.mp4",
            sources("32x32", "5", 1.0),
            "mjpeg,160,90",
            "192x192",
            1,
        ),
        (
            "long.mp4",
            sources("64x36", "5", 250.0),
            "mjpeg,160,90",
            "192x108",
            110,
        ),
    ];
    for (name, source, preview, sprite, cells) in cases {
        let (small, large, board) = images(name, &format!("{source} {H264} -c:a aac")).await;
        assert_eq!(small, "mjpeg,576,324", "{name}");
        assert_eq!(large, preview, "{name}");
        let board = board.expect("a storyboard");
        assert_eq!((board.0.as_str(), board.1), (sprite, cells), "{name}");
    }
}

#[tokio::test]
async fn keyframes_far_apart() {
    let words =
        "-f lavfi -i color=c=teal:s=128x72:r=30:d=12 -c:v libx264 -preset ultrafast -g 9999";
    let (_, _, board) = images("a.mp4", words).await;
    assert!(board.is_some());
}

#[tokio::test]
async fn sound_has_a_card_and_no_storyboard() {
    let (small, large, board) = images("a.mp3", "-f lavfi -i sine=d=1").await;
    assert_eq!(
        (small.as_str(), large.as_str(), board),
        ("mjpeg,576,324", "mjpeg,1280,720", None)
    );
    let picture = "-f lavfi -i sine=d=1 -f lavfi -i color=c=red:s=300x300:d=1:r=1 -map 0 -map 1 -frames:v 1 \
                   -c:a libmp3lame -c:v mjpeg -id3v2_version 3 -disposition:v attached_pic";
    let (small, large, board) = images("b.mp3", picture).await;
    assert_eq!(
        (small.as_str(), large.as_str(), board),
        ("mjpeg,576,324", "mjpeg,534,300", None)
    );
}

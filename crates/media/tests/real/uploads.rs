//! Uploads of every kind that people have, each to its renditions.

use tempfile::TempDir;

use crate::samples::{H264, make, mp4, sources};
use crate::studio::{Published, ask, ladder, publish, publish_unchecked, times};

/// Makes an upload by ffmpeg words, publishes it, and compares the renditions with what is expected.
async fn check(name: &str, words: &str, heights: &[u32], expected: &[&str]) -> Published {
    let folder = TempDir::new().expect("a folder");
    let upload = make(folder.path(), name, words);
    let published = publish(&upload, &ladder(heights)).await;
    assert_eq!(
        published.summary(),
        expected,
        "{name}: {words}\n{:?}",
        published.probe
    );
    // The files go away with the folder; what is checked further has been read.
    published
}

/// The same without playing the renditions, for one more container of the same streams.
async fn check_also(name: &str, words: &str, heights: &[u32], expected: &[&str]) {
    let folder = TempDir::new().expect("a folder");
    let upload = make(folder.path(), name, words);
    let published = publish_unchecked(&upload, &ladder(heights)).await;
    assert_eq!(
        published.summary(),
        expected,
        "{name}: {words}\n{:?}",
        published.probe
    );
}

#[tokio::test]
async fn h264_and_aac_are_remuxed() {
    let words = format!("{} {H264} -c:a aac", sources("320x180", "25", 3.0));
    let expected = [
        "180: copy/copy 320x180@25.00",
        "96: encode/copy 170x96@25.00",
        "0: -/copy 0x0",
    ];
    check("a.mp4", &words, &[96, 720], &expected).await;
    check_also("a.mkv", &words, &[96, 720], &expected).await;
    check_also("a.mov", &words, &[96, 720], &expected).await;
}

#[tokio::test]
async fn webm_is_encoded() {
    let words = format!(
        "{} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -c:a libopus",
        sources("320x180", "30", 1.0)
    );
    let expected = [
        "180: encode/file 320x180@30.00",
        "96: encode/file 170x96@30.00",
        "0: -/encode 0x0",
    ];
    check("a.webm", &words, &[96, 720], &expected).await;
}

#[tokio::test]
async fn narrow_pixels_become_square() {
    let words = format!(
        "{} -vf setsar=16/15 {H264} -c:a aac",
        sources("180x144", "25", 1.0)
    );
    let expected = [
        "144: encode/copy 192x144@25.00",
        "96: encode/copy 128x96@25.00",
        "0: -/copy 0x0",
    ];
    check("a.mkv", &words, &[96, 720], &expected).await;
}

#[tokio::test]
async fn a_turned_phone_is_upright() {
    let folder = TempDir::new().expect("a folder");
    mp4(folder.path(), 1.0);
    let upload = make(
        folder.path(),
        "phone.mp4",
        "-i upload.mp4 -c copy -metadata:s:v:0 rotate=90",
    );
    let published = publish(&upload, &ladder(&[96, 720])).await;
    assert!(matches!(
        published.probe.video.as_ref().map(|v| v.rotation),
        Some(90 | 270)
    ));
    assert_eq!(
        published.summary(),
        [
            "180: encode/copy 180x320@25.00",
            "96: encode/copy 96x170@25.00",
            "0: -/copy 0x0"
        ]
    );
    let turned = ask(
        &published.made[&180].file,
        "-show_entries stream_side_data=rotation",
    );
    assert!(
        !turned.iter().any(|l| l.contains("rotation=")),
        "the pixels are turned, not the player: {turned:?}"
    );
}

#[tokio::test]
async fn portrait_counts_by_its_width() {
    let words = format!("{} {H264} -an", sources("180x320", "25", 1.0));
    check(
        "a.mp4",
        &words,
        &[96, 720],
        &["180: copy/- 180x320@25.00", "96: encode/- 96x170@25.00"],
    )
    .await;
}

#[tokio::test]
async fn odd_sizes_become_even() {
    let words = format!(
        "{} -vf scale=321:181,format=yuv444p -c:v libx264 -preset ultrafast -c:a aac",
        sources("320x180", "25", 1.0)
    );
    check(
        "a.mp4",
        &words,
        &[720],
        &["181: encode/copy 320x180@25.00", "0: -/copy 0x0"],
    )
    .await;
}

#[tokio::test]
async fn old_avi() {
    let words = format!(
        "{} -c:v mpeg4 -q:v 5 -c:a libmp3lame",
        sources("320x240", "25", 2.0)
    );
    let expected = ["240: encode/file 320x240@25.00", "0: -/encode 0x0"];
    check("a.avi", &words, &[240], &expected).await;
}

#[tokio::test]
async fn fast_video_is_slowed_only_where_small() {
    let words = format!("{} {H264} -c:a aac", sources("320x180", "60", 9.0));
    let mut limits = ladder(&[96, 120, 180]);
    (limits.low_fps_below, limits.max_remux_height) = (100, 100);
    let folder = TempDir::new().expect("a folder");
    let upload = make(folder.path(), "a.mp4", &words);
    let published = publish(&upload, &limits).await;
    assert_eq!(
        published.summary(),
        [
            "180: encode/copy 320x180@60.00",
            "120: encode/copy 214x120@60.00",
            "96: encode/copy 170x96@30.00",
            "0: -/copy 0x0"
        ]
    );
    let keyframes = times(&published.made[&96].file, "v:0", "-skip_frame nokey");
    assert_eq!(
        keyframes,
        ["0.000000", "1.000000", "2.000000", "4.000000", "8.000000"]
    );
    let lengths: Vec<f64> = published.made[&180]
        .index
        .segments
        .iter()
        .map(|s| s.duration_s)
        .collect();
    assert_eq!(lengths, [1.0, 1.0, 2.0, 4.0, 1.0]);
}

#[tokio::test]
async fn film_rates_stay_in_step() {
    let words = format!("{} {H264} -c:a aac", sources("320x180", "60000/1001", 13.0));
    let mut limits = ladder(&[96, 180]);
    (limits.low_fps_below, limits.max_remux_height) = (100, 100);
    let folder = TempDir::new().expect("a folder");
    let upload = make(folder.path(), "a.mp4", &words);
    // The comparison of keyframes between 59.94 and 29.97 is part of publishing.
    let published = publish(&upload, &limits).await;
    let keyframes = times(&published.made[&96].file, "v:0", "-skip_frame nokey");
    assert_eq!(
        keyframes,
        [
            "0.000000",
            "1.001000",
            "2.002000",
            "4.004000",
            "8.008000",
            "12.012000"
        ]
    );
}

#[tokio::test]
async fn uneven_frames_become_even() {
    // Half of the time nothing moves and no frame is stored, as screen recorders do.
    let words = format!(
        "{} -vf select='lt(mod(t,1),0.5)' -fps_mode vfr -c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis",
        sources("160x120", "30", 4.0)
    );
    check(
        "a.webm",
        &words,
        &[120],
        &["120: encode/file 160x120@30.00", "0: -/encode 0x0"],
    )
    .await;
}

#[tokio::test]
async fn sound_without_pictures_gets_a_card() {
    let still = ["96: still/file 170x96@2.00", "0: -/encode 0x0"];
    let tone = "-f lavfi -i sine=d=3:r=44100";
    check("a.mp3", &format!("{tone} -c:a libmp3lame"), &[96], &still).await;
    check_also("a.flac", &format!("{tone} -c:a flac"), &[96], &still).await;
    check_also("a.ogg", &format!("{tone} -c:a libvorbis"), &[96], &still).await;
    check_also("a.wav", tone, &[96], &still).await;
    let copied = ["96: still/file 170x96@2.00", "0: -/copy 0x0"];
    check("a.m4a", &format!("{tone} -c:a aac"), &[96], &copied).await;
}

#[tokio::test]
async fn sound_with_a_picture_shows_it() {
    let picture =
        "-f lavfi -i sine=d=3 -f lavfi -i color=c=red:s=100x100:d=1:r=1 -map 0 -map 1 -frames:v 1";
    let still = ["96: still/file 170x96@2.00", "0: -/encode 0x0"];
    let words = format!(
        "{picture} -c:a libmp3lame -c:v mjpeg -id3v2_version 3 -disposition:v attached_pic"
    );
    let published = check("a.mp3", &words, &[96], &still).await;
    assert!(published.probe.video.as_ref().is_some_and(|v| v.is_picture));
    let words = format!("{picture} -c:a flac -c:v png -disposition:v attached_pic");
    check_also("a.flac", &words, &[96], &still).await;
}

#[tokio::test]
async fn sound_may_be_longer_or_shorter_than_the_pictures() {
    let tone = "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=d";
    let copied = ["120: copy/copy 160x120@25.00", "0: -/copy 0x0"];
    check(
        "longer.mp4",
        &format!("{tone}=5 {H264} -c:a aac"),
        &[120],
        &copied,
    )
    .await;
    // Longer by far: the last picture stays.
    let encoded = ["120: encode/copy 160x120@25.00", "0: -/copy 0x0"];
    check(
        "much-longer.mp4",
        &format!("{tone}=14 {H264} -c:a aac"),
        &[120],
        &encoded,
    )
    .await;
    // Shorter: a player that waits for sound would stop, so silence is added.
    let filled = ["120: copy/file 160x120@25.00", "0: -/encode 0x0"];
    let published = check(
        "shorter.mp4",
        &format!("{tone}=0.5 {H264} -c:a aac"),
        &[120],
        &filled,
    )
    .await;
    assert!((published.made[&0].index.duration_s - 2.0).abs() < 0.1);
}

#[tokio::test]
async fn interlaced_and_bright_pictures() {
    let source = sources("192x108", "25", 1.0);
    let words =
        format!("{source} -vf setfield=tff {H264} -flags +ilme+ildct -x264-params tff=1 -c:a aac");
    check(
        "a.mp4",
        &words,
        &[96],
        &[
            "108: encode/copy 192x108@25.00",
            "96: encode/copy 170x96@25.00",
            "0: -/copy 0x0",
        ][1..],
    )
    .await;
    let hdr = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -color_trc smpte2084 -color_primaries bt2020 \
               -colorspace bt2020nc -x265-params log-level=error";
    for tonemap in [false, true] {
        let folder = TempDir::new().expect("a folder");
        let upload = make(folder.path(), "a.mp4", &format!("{source} {hdr} -c:a aac"));
        let published = publish(
            &upload,
            &media::Ladder {
                tonemap,
                ..ladder(&[96])
            },
        )
        .await;
        assert_eq!(
            published.summary(),
            ["96: encode/copy 170x96@25.00", "0: -/copy 0x0"]
        );
        let colours =
            "-select_streams v -show_entries stream=pix_fmt,color_space,color_transfer -of csv=p=0";
        assert_eq!(
            ask(&published.made[&96].file, colours),
            ["yuv420p,bt709,bt709"]
        );
    }
}

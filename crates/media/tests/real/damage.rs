//! Uploads that are not what they claim: each gets a sentence for its owner, quickly, and nothing is read but the file.

use std::path::Path;

use media::{ProbeError, probe};
use tempfile::TempDir;

use crate::samples::{H264, make, mp4, sources};
use crate::studio::tools;

async fn refused(path: &Path) -> ProbeError {
    probe(&tools(), path).await.expect_err("a bad upload")
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

#[tokio::test]
async fn bytes_that_are_no_media() {
    let folder = folder();
    let file = folder.path().join("upload.mp4");
    let mut state = 1u32;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    for bytes in [
        &noise[..],
        b"hello",
        b"<html></html>",
        &[0; 4096],
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    ] {
        std::fs::write(&file, bytes).expect("written");
        let error = refused(&file).await;
        assert!(
            matches!(
                error,
                ProbeError::NotMedia | ProbeError::CutOff | ProbeError::NoStreams
            ),
            "{error:?}"
        );
    }
    std::fs::write(&file, b"").expect("written");
    assert!(matches!(refused(&file).await, ProbeError::Empty));
}

#[tokio::test]
async fn pictures_and_subtitles_are_no_video() {
    let folder = folder();
    for name in ["a.png", "a.jpg", "a.bmp"] {
        let file = make(
            folder.path(),
            name,
            "-f lavfi -i testsrc2=s=64x64 -frames:v 1",
        );
        assert!(
            matches!(refused(&file).await, ProbeError::NotMedia),
            "{name}"
        );
    }
    let file = folder.path().join("a.srt");
    std::fs::write(&file, "1\n00:00:00,000 --> 00:00:05,000\nHello\n").expect("written");
    assert!(matches!(refused(&file).await, ProbeError::NotMedia));
}

#[tokio::test]
async fn texts_that_name_other_files() {
    let folder = folder();
    let secret = mp4(folder.path(), 1.0);
    let name = secret.display();
    let texts = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{name}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile '{name}'\n"),
        format!("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\nconcat:{name}|{name}\n#EXT-X-ENDLIST\n"),
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n".to_owned(),
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n".to_owned(),
        format!("<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><Period><AdaptationSet><Representation id=\"1\" bandwidth=\"1\"><BaseURL>{name}</BaseURL></Representation></AdaptationSet></Period></MPD>"),
    ];
    for text in texts {
        for ending in ["mp4", "m3u8", "txt"] {
            let file = folder.path().join(format!("attack.{ending}"));
            std::fs::write(&file, &text).expect("written");
            assert!(
                matches!(refused(&file).await, ProbeError::NotMedia),
                "{ending}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn files_that_were_cut_off() {
    let folder = folder();
    let tail_header = mp4(folder.path(), 8.0);
    let words = format!("{} {H264} -c:a aac", sources("320x180", "25", 8.0));
    let head_header = make(
        folder.path(),
        "fast.mp4",
        &format!("{words} -movflags +faststart"),
    );
    let matroska = make(folder.path(), "a.mkv", &words);
    let avi = make(
        folder.path(),
        "a.avi",
        &format!(
            "{} -c:v mpeg4 -c:a libmp3lame",
            sources("320x180", "25", 8.0)
        ),
    );
    let flac = make(folder.path(), "a.flac", "-f lavfi -i sine=d=8");
    for file in [tail_header, head_header, matroska, avi, flac] {
        let bytes = std::fs::read(&file).expect("read");
        probe(&tools(), &file)
            .await
            .expect("the whole file is fine");
        for part in [10, 40, 60] {
            std::fs::write(&file, &bytes[..bytes.len() * part / 100]).expect("written");
            let error = refused(&file).await;
            assert!(
                matches!(error, ProbeError::CutOff),
                "{} to {part} %: {error:?}",
                file.display()
            );
        }
    }
}

#[tokio::test]
async fn long_files_that_were_cut_off() {
    // Longer than what is looked at in full, so that only the beginning and the end are.
    let folder = folder();
    let words = format!("{} {H264} -c:a aac", sources("64x36", "5", 200.0));
    let fast = make(
        folder.path(),
        "fast.mp4",
        &format!("{words} -movflags +faststart"),
    );
    let matroska = make(folder.path(), "a.mkv", &words);
    let fragmented = make(
        folder.path(),
        "fragmented.mp4",
        &format!("{words} -movflags +frag_keyframe+empty_moov"),
    );
    for file in [fast, matroska, fragmented.clone()] {
        let found = probe(&tools(), &file)
            .await
            .expect("the whole file is fine");
        assert!((found.duration_s - 200.0).abs() < 0.5, "{found:?}");
        assert!(
            found
                .video
                .is_some_and(|v| (4.5..5.5).contains(&v.keyframe_gap_s))
        );
        let bytes = std::fs::read(&file).expect("read");
        std::fs::write(&file, &bytes[..bytes.len() * 6 / 10]).expect("written");
        match probe(&tools(), &file).await {
            Err(ProbeError::CutOff) => {}
            // Nothing in a fragmented file says how long it should be.
            Ok(found) if file == fragmented => {
                assert!((found.duration_s - 120.0).abs() < 20.0, "{found:?}")
            }
            other => panic!("{}: {other:?}", file.display()),
        }
    }
}

#[tokio::test]
async fn a_hundred_bytes_that_claim_ten_hours() {
    let folder = folder();
    let file = folder.path().join("a.mp4");
    let claim = |number: u32| number.to_be_bytes();
    let mut header = Vec::from(*b"\0\0\0\x6cmvhd\0\0\0\0\0\0\0\0\0\0\0\0");
    header.extend(claim(1000));
    header.extend(claim(36_000_000));
    header.resize(108, 0);
    let mut bytes = Vec::from(*b"\0\0\0\x10ftypisom\0\0\x02\0");
    bytes.extend(claim(116));
    bytes.extend(b"moov");
    bytes.extend(header);
    std::fs::write(&file, &bytes).expect("written");
    let error = refused(&file).await;
    assert!(
        matches!(error, ProbeError::NoStreams | ProbeError::CutOff),
        "{error:?}"
    );
    std::fs::write(&file, &bytes[..100]).expect("written");
    let error = refused(&file).await;
    assert!(
        matches!(
            error,
            ProbeError::NoStreams | ProbeError::NotMedia | ProbeError::CutOff
        ),
        "{error:?}"
    );

    // The same claim in a real file: the header of every track says ten hours.
    let real = mp4(folder.path(), 2.0);
    let mut bytes = std::fs::read(&real).expect("read");
    for (name, scale_at, duration_at) in [(b"mvhd", 16, 20), (b"mdhd", 16, 20)] {
        let places: Vec<usize> = (0..bytes.len() - 4)
            .filter(|i| &bytes[*i..*i + 4] == name)
            .collect();
        for place in places {
            let scale: [u8; 4] = bytes[place + scale_at..place + scale_at + 4]
                .try_into()
                .expect("four bytes");
            let ticks = u32::from_be_bytes(scale).saturating_mul(36_000);
            bytes[place + duration_at..place + duration_at + 4]
                .copy_from_slice(&ticks.to_be_bytes());
        }
    }
    std::fs::write(&real, bytes).expect("written");
    match probe(&tools(), &real).await {
        Err(ProbeError::CutOff) => {}
        Ok(found) => assert!(
            found.duration_s < 3.0,
            "the packets count, not the claim: {}",
            found.duration_s
        ),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pictures_as_large_as_a_house() {
    let folder = folder();
    // JPEG pictures in an MP4 state their size twice; both are made 16000x16000.
    let words = "-f lavfi -i testsrc2=s=320x180:r=5:d=1 -c:v mjpeg";
    let file = make(folder.path(), "a.mp4", words);
    let mut bytes = std::fs::read(&file).expect("read");
    let mut patched = [0, 0];
    for (which, size) in [[1u8, 64, 0, 180], [0, 180, 1, 64]].iter().enumerate() {
        for place in 0..bytes.len() - 4 {
            let frame =
                which == 1 && bytes[place.saturating_sub(5)..place].starts_with(b"\xff\xc0");
            let entry = which == 0 && bytes[place.saturating_sub(28)..place].starts_with(b"mp4v");
            if bytes[place..place + 4] == *size && (frame || entry) {
                bytes[place..place + 4].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
                patched[which] += 1;
            }
        }
    }
    assert_eq!(patched, [1, 5], "one header and five pictures");
    std::fs::write(&file, bytes).expect("written");
    let error = refused(&file).await;
    assert!(
        matches!(
            error,
            ProbeError::TooLarge {
                width: 16000,
                height: 16000,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("16000x16000"), "{error}");
}

#[tokio::test]
async fn sentences_name_no_paths() {
    let folder = folder();
    let file = folder.path().join("upload.mp4");
    std::fs::write(&file, b"nothing").expect("written");
    let error = refused(&file).await;
    assert!(
        !error.to_string().contains('/') && !error.is_server_fault(),
        "{error}"
    );
    let missing = refused(&folder.path().join("missing.mp4")).await;
    assert!(missing.is_server_fault());
}

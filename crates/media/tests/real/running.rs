//! How runs end: in time, out of time, cancelled, without room; and what they leave behind, which is nothing.

use std::time::Duration;

use media::render::{Target, render};
use media::{Limits, RunError, Tools, plan, probe, run};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::samples::mp4;
use crate::studio::{ladder, tools};

/// Encodes two seconds with the given tools and a token that is perhaps cancelled.
async fn encode(
    tools: &Tools,
    cancel: impl FnOnce(&CancellationToken),
) -> (Result<(), RunError>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let upload = mp4(folder.path(), 2.0);
    let found = probe(&crate::studio::tools(), &upload)
        .await
        .expect("a good upload");
    let plan = plan(&found, &ladder(&[96]));
    let work = folder.path().join("work");
    std::fs::create_dir(&work).expect("a folder");
    let output = work.join("out.mp4");
    let command = render(
        &found,
        &upload,
        None,
        &[Target {
            rendition: &plan.ladder[0],
            output: &output,
        }],
    );
    let token = CancellationToken::new();
    cancel(&token);
    let ended = run(tools, &command, &work, |_| {}, token).await;
    if ended.is_err() {
        assert!(!output.exists(), "nothing is left of a failed run");
    }
    (ended, folder)
}

#[tokio::test]
async fn in_time() {
    encode(&tools(), |_| {}).await.0.expect("a good run");
    let bare = Tools {
        confine: None,
        ..tools()
    };
    encode(&bare, |_| {})
        .await
        .0
        .expect("a good run without a jailer");
}

#[tokio::test]
async fn cancelled() {
    assert_eq!(
        encode(&tools(), CancellationToken::cancel).await.0,
        Err(RunError::Cancelled)
    );
}

#[tokio::test]
async fn out_of_time() {
    let limits = Limits {
        run_time: Duration::ZERO,
        run_time_factor: 0.0,
        ..Limits::default()
    };
    let slow = Tools { limits, ..tools() };
    assert_eq!(encode(&slow, |_| {}).await.0, Err(RunError::TimedOut));
    let stalled = Tools {
        limits: Limits {
            stall: Duration::ZERO,
            ..Limits::default()
        },
        ..tools()
    };
    assert_eq!(encode(&stalled, |_| {}).await.0, Err(RunError::TimedOut));
}

#[tokio::test]
async fn without_room() {
    let folder = TempDir::new().expect("a folder");
    let full = folder.path().join("out.wav");
    std::os::unix::fs::symlink("/dev/full", &full).expect("a link");
    let name = format!("file:{}", full.display());
    let args = [
        "-nostdin",
        "-loglevel",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "sine=d=9",
        "-f",
        "wav",
        &name,
    ];
    let command = media::Command {
        args: args.map(Into::into).to_vec(),
        inputs: Vec::new(),
        outputs: vec![full.clone()],
        duration_s: 9.0,
    };
    // The jailer would not let it at the device.
    let bare = Tools {
        confine: None,
        ..tools()
    };
    let ended = run(
        &bare,
        &command,
        folder.path(),
        |_| {},
        CancellationToken::new(),
    )
    .await;
    assert_eq!(ended, Err(RunError::DiskFull));
    assert!(
        std::fs::symlink_metadata(&full).is_err(),
        "what was begun is removed"
    );
}

#[tokio::test]
async fn renditions_made_together_are_those_made_alone() {
    let folder = TempDir::new().expect("a folder");
    let upload = mp4(folder.path(), 2.0);
    let found = probe(&tools(), &upload).await.expect("a good upload");
    let plan = plan(&found, &ladder(&[48, 96, 144]));
    let path = |kind: &str, n: usize| folder.path().join(format!("{kind}{n}.mp4"));
    let mut targets = Vec::new();
    let outputs: Vec<_> = (0..plan.ladder.len())
        .map(|n| path("together", n))
        .collect();
    for (n, rendition) in plan.ladder.iter().enumerate() {
        let output = &path("alone", n);
        let command = render(&found, &upload, None, &[Target { rendition, output }]);
        run(
            &tools(),
            &command,
            folder.path(),
            |_| {},
            CancellationToken::new(),
        )
        .await
        .expect("alone");
        targets.push(Target {
            rendition,
            output: &outputs[n],
        });
    }
    let command = render(&found, &upload, None, &targets);
    run(
        &tools(),
        &command,
        folder.path(),
        |_| {},
        CancellationToken::new(),
    )
    .await
    .expect("together");
    assert_eq!(targets.len(), 3);
    for (n, output) in outputs.iter().enumerate() {
        assert!(
            std::fs::read(output).expect("read") == std::fs::read(path("alone", n)).expect("read"),
            "rendition {n}"
        );
    }
}

#[tokio::test]
async fn without_a_tool() {
    let missing = Tools {
        ffmpeg: "no-such-ffmpeg".into(),
        ..tools()
    };
    assert_eq!(
        encode(&missing, |_| {}).await.0,
        Err(RunError::ToolMissing {
            tool: "no-such-ffmpeg".into()
        })
    );
    assert!(missing.check().await.is_err());
    let found = tools().check().await.expect("ffmpeg and ffprobe");
    assert!(found.version.contains('.'), "{found:?}");
}

#[tokio::test]
async fn nothing_survives_a_dropped_run() {
    let folder = TempDir::new().expect("a folder");
    // A name of its own, so that it can be told from every other ffmpeg on the machine.
    let mark = format!("{}", folder.path().join("endless.wav").display());
    let command = media::Command {
        args: [
            "-nostdin",
            "-progress",
            "pipe:1",
            "-re",
            "-f",
            "lavfi",
            "-i",
            "sine",
            "-f",
            "wav",
            &mark,
        ]
        .map(Into::into)
        .to_vec(),
        inputs: Vec::new(),
        outputs: vec![(&mark).into()],
        duration_s: 100.0,
    };
    let tools = tools();
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let running = run(
        &tools,
        &command,
        folder.path(),
        |p| started.send(p).expect("open"),
        CancellationToken::new(),
    );
    tokio::select! {
        ended = running => panic!("{ended:?}"),
        _ = starts.recv() => {}
    }
    // The kernel needs a moment to tidy up; each look is a trip through /proc.
    let alive = || {
        std::fs::read_dir("/proc")
            .expect("/proc")
            .flatten()
            .any(|entry| {
                std::fs::read(entry.path().join("cmdline"))
                    .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&mark))
            })
    };
    assert!((0..1000).any(|_| !alive()), "ffmpeg is still there");
}

//! Publishes one file into a folder, as the pod does it but without the pod: renditions, playlists, images, and the time
//! that each took. For trying out a strange upload and for comparing with bare ffmpeg.
//! `cargo run --example publish -- UPLOAD FOLDER [HEIGHTS, e.g. 360,720] [together]`

use std::path::{Path, PathBuf};
use std::time::Instant;

use hls::{Indexer, Variant, master_playlist, media_playlist};
use media::images::{pictures, storyboard};
use media::render::{Target, render};
use media::{Command, Ladder, Rendition, Step, Tools, plan, probe, run};
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let (upload, folder) = (Path::new(&args[1]), PathBuf::from(&args[2]));
    std::fs::create_dir_all(&folder)?;
    let mut ladder = Ladder::default();
    if let Some(heights) = args.get(3) {
        ladder.heights = heights
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()?;
    }
    let tools = Tools::new("ffmpeg", "ffprobe");
    ladder.tonemap = tools.check().await?.tonemap;

    let began = Instant::now();
    let found = probe(&tools, upload).await?;
    println!("probe {:.2} s: {found:?}", began.elapsed().as_secs_f64());
    let plan = plan(&found, &ladder);
    let audio = folder.join("0.mp4");
    let mut variants = Vec::new();
    for steps in groups(plan.steps(), args.iter().any(|a| a == "together")) {
        let files: Vec<PathBuf> = steps
            .iter()
            .map(|r| folder.join(format!("{}.mp4", r.resolution)))
            .collect();
        let targets: Vec<Target> = steps
            .iter()
            .zip(&files)
            .map(|(rendition, output)| Target { rendition, output })
            .collect();
        make(
            &tools,
            &render(&found, upload, Some(&audio), &targets),
            &folder,
        )
        .await?;
        for (rendition, file) in steps.iter().zip(&files) {
            variants.push(list(rendition, file)?);
        }
    }
    variants.sort_by_key(|v| std::cmp::Reverse(v.height));
    std::fs::write(folder.join("master.m3u8"), master_playlist(&variants))?;
    make(
        &tools,
        &pictures(
            &found,
            upload,
            &folder.join("thumbnail.jpg"),
            &folder.join("preview.jpg"),
        ),
        &folder,
    )
    .await?;
    if let Some((command, sheet)) = storyboard(&found, upload, &folder.join("storyboard.jpg")) {
        make(&tools, &command, &folder).await?;
        println!("{sheet:?}");
    }
    Ok(())
}

/// Each step by itself, or all encodings in one command.
fn groups(steps: Vec<&Rendition>, together: bool) -> Vec<Vec<&Rendition>> {
    let (encoded, others): (Vec<_>, Vec<_>) = steps
        .into_iter()
        .partition(|r| together && r.step() == Step::Transcode);
    others
        .into_iter()
        .map(|r| vec![r])
        .chain((!encoded.is_empty()).then_some(encoded))
        .collect()
}

async fn make(tools: &Tools, command: &Command, folder: &Path) -> Outcome<()> {
    let began = Instant::now();
    run(tools, command, folder, |_| {}, CancellationToken::new()).await?;
    let names: Vec<_> = command
        .outputs
        .iter()
        .filter_map(|p| p.file_name())
        .collect();
    println!("{names:?} {:.2} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn list(rendition: &Rendition, file: &Path) -> Outcome<Variant> {
    let mut indexer = Indexer::new();
    indexer.feed(&std::fs::read(file)?)?;
    let index = indexer.finish()?;
    let name = rendition.resolution.to_string();
    std::fs::write(
        file.with_extension("m3u8"),
        media_playlist(&index, &format!("{name}.mp4")),
    )?;
    println!(
        "{} {} {}x{} {:.3} s",
        name, index.codecs, index.width, index.height, index.duration_s
    );
    Ok(Variant {
        uri: format!("{name}.m3u8"),
        bandwidth: index.peak_bandwidth(),
        average_bandwidth: index.average_bandwidth(),
        codecs: index.codecs,
        width: index.width,
        height: index.height,
        fps: index.fps,
        name: format!("{name}p"),
    })
}

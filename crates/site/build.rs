//! Makes the crate compile before the page was built, and again when it was built anew.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let page = Path::new("../../web/dist");
    std::fs::create_dir_all(page)?;
    println!("cargo::rerun-if-changed={}", page.display());
    Ok(())
}

mod config;
mod listener;
fn main() {
    println!("{}", config::sample::sample());
}

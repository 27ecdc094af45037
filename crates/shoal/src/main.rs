mod config;
fn main() {
    println!("{}", config::sample::sample());
}

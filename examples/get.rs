//! Fetches a page, and prints what is known of it.
//!
//! `cargo run --example get [URL]`

fn main() -> papilio::Result<()> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "https://www.example.org/".into());
    let response = papilio::get(&url).send()?;
    println!("{} {}", response.http_version(), response.status());
    println!("{:#?}", response.headers());
    println!(
        "{} bytes in {:?}",
        response.content().len(),
        response.elapsed()
    );
    Ok(())
}

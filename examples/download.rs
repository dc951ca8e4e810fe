//! Streams a body to a file behind a progress bar with rate and time left: the memory used does not depend on the size.
//!
//! `cargo run --example download [URL FILE]`; without arguments a function plays the server. The bar is on standard error,
//! and only if that is a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use papilio::{Client, MockTransport, Response};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (client, url, path) = match (arguments.next(), arguments.next()) {
        (Some(url), Some(path)) => (Client::new(), url, PathBuf::from(path)),
        _ => (
            Client::builder()
                .transport(MockTransport::new(|_| {
                    Ok(Response::builder(200).bytes(vec![b'x'; 300_000]))
                }))
                .build()?,
            "https://www.example.org/large.bin".to_owned(),
            std::env::temp_dir().join(format!("papilio-download-{}", std::process::id())),
        ),
    };

    let mut response = client.get(url).stream()?.error_for_status()?;
    let total: Option<u64> = response
        .headers()
        .get("Content-Length")
        .and_then(|length| length.parse().ok());
    // Without a length there is a spinner: nobody knows the end.
    let bar = match total {
        Some(total) => ProgressBar::new(total).with_style(ProgressStyle::with_template(
            "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        )?),
        None => ProgressBar::new_spinner().with_style(ProgressStyle::with_template(
            "{spinner} {bytes} {bytes_per_sec}",
        )?),
    };
    let mut file = File::create(&path)?;
    let mut piece = vec![0; 64 << 10];
    let mut written = 0;
    loop {
        let count = response.read(&mut piece)?;
        if count == 0 {
            break;
        }
        file.write_all(&piece[..count])?;
        written += count;
        // Bytes as they came over the network: a body that is coded (gzip, br) has more of them in the file.
        bar.set_position(response.num_bytes_downloaded());
    }
    bar.finish_and_clear();
    println!(
        "{written} bytes written, {} received, in {:?}",
        response.num_bytes_downloaded(),
        response.elapsed().unwrap_or_default()
    );
    if std::env::args().len() < 3 {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

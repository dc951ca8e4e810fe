//! Streams a body to a file and shows how far it is: the memory used does not depend on the size.
//!
//! `cargo run --example download [URL FILE]`; without arguments a function plays the server.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

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
    let mut file = File::create(&path)?;
    let mut written = 0;
    for piece in response.iter_bytes() {
        let piece = piece?;
        file.write_all(&piece)?;
        written += piece.len();
        // A body that is coded (gzip, br) has fewer bytes on the way than in the file; only without is this a share.
        match total {
            Some(total) if total > 0 => eprint!("\r{written} of {total}"),
            _ => eprint!("\r{written}"),
        }
    }
    eprintln!();
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

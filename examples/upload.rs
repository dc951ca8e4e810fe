//! Sends a file in a multipart form and shows how far it is: the file is read while it is sent.
//!
//! `cargo run --example upload [URL FILE]`; without arguments a function plays the server.

use std::path::PathBuf;

use papilio::multipart::{Form, Part};
use papilio::{Client, MockTransport, Response};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (client, url, path) = match (arguments.next(), arguments.next()) {
        (Some(url), Some(path)) => (Client::new(), url, PathBuf::from(path)),
        _ => (
            Client::builder().transport(server()).build()?,
            "https://www.example.org/upload".to_owned(),
            PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE-MIT")),
        ),
    };

    let form = Form::new()
        .text("title", "Butterflies of the garden")
        .file("document", path)?
        .part("note", Part::bytes("{}").file_name("note.json"))
        .on_progress(|sent, total| match total {
            Some(total) => eprintln!("{} %", sent * 100 / total.max(1)),
            None => eprintln!("{sent} bytes"),
        });
    let response = client
        .post(url)
        .multipart(form)
        .send()?
        .error_for_status()?;
    println!("{} {}", response.status(), response.text());
    Ok(())
}

/// The server, if there is no other.
fn server() -> impl papilio::Transport {
    MockTransport::new(|request| {
        let body = String::from_utf8_lossy(request.content()?);
        let names: Vec<&str> = body
            .lines()
            .filter_map(|line| line.strip_prefix("Content-Disposition: form-data; "))
            .collect();
        Ok(Response::builder(201).text(names.join("\n")))
    })
}

//! Text whose response does not name a charset: let a detector guess.
//!
//! `cargo run --example detect_charset [URL]`; without a URL a function plays the server.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use papilio::{Client, MockTransport, Response, Result};

fn detect(content: &[u8]) -> Option<String> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(content, true);
    let encoding = detector.guess(None, Utf8Detection::Allow);
    Some(encoding.name().to_owned())
}

fn main() -> Result<()> {
    let client = Client::builder().default_encoding_fn(detect);
    let (client, url) = match std::env::args().nth(1) {
        Some(url) => (client, url),
        None => (
            client.transport(MockTransport::new(|_| {
                Ok(Response::builder(200)
                    .header("Content-Type", "text/plain")
                    .bytes(WINDOWS_1251))
            })),
            "https://www.example.org/".to_owned(),
        ),
    };
    let response = client.build()?.get(url).send()?;
    println!("{}: {}", response.encoding(), response.text());
    Ok(())
}

/// "Бабочки летают над лугом", butterflies fly over the meadow.
const WINDOWS_1251: &[u8] =
    b"\xc1\xe0\xe1\xee\xf7\xea\xe8 \xeb\xe5\xf2\xe0\xfe\xf2 \xed\xe0\xe4 \xeb\xf3\xe3\xee\xec";

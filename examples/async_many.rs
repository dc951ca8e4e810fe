//! Many requests at once, but only so many at a time, and what came of each as soon as it is known.
//!
//! `cargo run --features async --example async_many [URL...]`; without arguments a function plays the server.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use papilio::{AsyncClient, AsyncMockTransport, Limits, Response};

/// So many requests are under way at any time.
const AT_ONCE: usize = 8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> papilio::Result<()> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    if !urls.is_empty() {
        let limits = Limits::new().max_connections(AT_ONCE);
        let client = AsyncClient::builder().limits(limits).build()?;
        fetch_all(&client, urls).await;
        return Ok(());
    }
    let server = AsyncMockTransport::new(async |request| {
        let delay: u64 = request
            .url
            .path()
            .trim_start_matches('/')
            .parse()
            .unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        match delay {
            404 => Ok(Response::builder(404).text("nothing here")),
            _ => Ok(Response::builder(200).text("x".repeat(delay as usize))),
        }
    });
    let client = AsyncClient::builder().transport(server).build()?;
    let delays = [404, 60, 20, 40, 0];
    fetch_all(
        &client,
        delays.map(|delay| format!("http://server/{delay}")),
    )
    .await;
    Ok(())
}

async fn fetch_all(client: &AsyncClient, urls: impl IntoIterator<Item = String>) {
    let mut answers = stream::iter(urls)
        .map(async |url| {
            let answer = client.get(&url).send().await;
            (url, answer.and_then(|answer| answer.error_for_status()))
        })
        .buffer_unordered(AT_ONCE);
    // Dropping `answers` before its end cancels what is still under way.
    while let Some((url, answer)) = answers.next().await {
        match answer {
            Ok(answer) => println!("{url}: {} bytes", answer.content().len()),
            Err(error) => println!("{url}: {error}"),
        }
    }
}

//! A transport that wraps another: an answer of 502, 503 or 504 is asked for again, after the time the server names.
//!
//! `cargo run --example retry_transport [URL]`; without a URL a function plays the server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use papilio::{Client, HttpTransport, MockTransport, Request, Response};
use papilio::{Result, StreamingResponse, Transport};

struct Retry<T> {
    inner: T,
    retries: u32,
    longest_pause: Duration,
}

impl<T: Transport> Transport for Retry<T> {
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        let mut pause = Duration::from_millis(500);
        for retry in 1..=self.retries {
            let response = self.inner.send(request)?;
            let may_repeat = request.method.is_idempotent() && request.body.is_replayable();
            let wait = retry_after(&response).unwrap_or(pause);
            let worth_it = matches!(response.status().as_u16(), 502..=504);
            if !may_repeat || !worth_it || wait > self.longest_pause {
                return Ok(response);
            }
            println!("{}, retry {retry} in {wait:?}", response.status());
            // Its connection is free for the next attempt.
            drop(response);
            thread::sleep(wait);
            pause *= 2;
        }
        self.inner.send(request)
    }

    fn close(&self) {
        self.inner.close();
    }
}

/// The header as seconds; it may also be a date, which is not looked at.
fn retry_after(response: &StreamingResponse) -> Option<Duration> {
    let seconds = response.headers().get("Retry-After")?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn retrying<T: Transport>(inner: T) -> Retry<T> {
    Retry {
        inner,
        retries: 3,
        longest_pause: Duration::from_secs(30),
    }
}

fn main() -> Result<()> {
    let (client, url) = match std::env::args().nth(1) {
        Some(url) => (
            Client::builder().transport(retrying(HttpTransport::builder().build()?)),
            url,
        ),
        None => {
            let asked = AtomicU32::new(0);
            let server = MockTransport::new(move |_| {
                Ok(match asked.fetch_add(1, Ordering::Relaxed) {
                    0 => Response::builder(503).header("Retry-After", "0").text(""),
                    1 => Response::builder(502).header("Retry-After", "0").text(""),
                    _ => Response::builder(200).text("at last"),
                })
            });
            let client = Client::builder().transport(retrying(server));
            (client, "https://www.example.org/".to_owned())
        }
    };
    let response = client.build()?.get(url).send()?;
    println!("{} {}", response.status(), response.text());
    Ok(())
}

//! How to test code that uses papilio: it takes the client as an argument, and a test gives it one with a function in
//! place of the network.
//!
//! `cargo test --example mock_test` runs the tests; `cargo run --example mock_test URL` does the real thing.

use papilio::{Client, Result};

/// The code under test: the text at the end of a chain of pages, each naming the next.
fn last_page(client: &Client, first: &str) -> Result<String> {
    let mut response = client.get(first).send()?.error_for_status()?;
    while let Some(next) = response.links().get("next") {
        let next = response.url().join(next.url())?;
        response = client.get(next).send()?.error_for_status()?;
    }
    Ok(response.text().into_owned())
}

fn main() -> Result<()> {
    match std::env::args().nth(1) {
        Some(url) => println!("{}", last_page(&Client::new(), &url)?),
        None => println!("usage: mock_test URL"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use papilio::{Error, Kind, MockTransport, Response};

    use super::*;

    #[test]
    fn follows_the_links() -> Result<()> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let server = MockTransport::new(move |request| {
            log.lock().unwrap().push(request.url.to_string());
            Ok(match request.url.query() {
                "page=2" => Response::builder(200).text("the end"),
                _ => Response::builder(200)
                    .header("Link", "<?page=2>; rel=next")
                    .text(""),
            })
        });
        let client = Client::builder().transport(server).build()?;

        assert_eq!(last_page(&client, "http://test/list")?, "the end");
        assert_eq!(
            *seen.lock().unwrap(),
            ["http://test/list", "http://test/list?page=2"]
        );
        Ok(())
    }

    #[test]
    fn tells_what_went_wrong() -> Result<()> {
        let server = MockTransport::new(|request| match request.url.path().as_ref() {
            "/slow" => Err(Error::new(Kind::ReadTimeout, "no answer")),
            _ => Ok(Response::builder(404).text("")),
        });
        let client = Client::builder().transport(server).build()?;

        let error = last_page(&client, "http://test/none").unwrap_err();
        assert_eq!(error.response().unwrap().status(), 404);
        let error = last_page(&client, "http://test/slow").unwrap_err();
        assert!(error.is_timeout());
        Ok(())
    }
}

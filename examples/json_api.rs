//! A client for an API that speaks JSON: a base URL, a token, values in and out, errors told apart.
//!
//! `cargo run --example json_api [BASE_URL]`; without a URL a function plays the server.

use papilio::{Client, MockTransport, Request, Response, Result};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    id: Option<u64>,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

/// What the rest of a program sees of the API.
struct Notes(Client);

impl Notes {
    fn find(&self, word: &str) -> Result<Vec<Note>> {
        let response = self.0.get("notes").query([("word", word)]).send()?;
        response.error_for_status()?.json()
    }

    fn add(&self, text: &str) -> Result<Note> {
        let note = Note {
            id: None,
            text: text.to_owned(),
        };
        let response = self.0.post("notes").json(&note).send()?;
        response.error_for_status()?.json()
    }
}

fn main() -> Result<()> {
    let client = match std::env::args().nth(1) {
        Some(base) => Client::builder().base_url(base),
        None => Client::builder()
            .base_url("https://api.example.org/v1")
            .transport(MockTransport::new(server)),
    };
    let token = std::env::var("API_TOKEN").unwrap_or_else(|_| "demo".into());
    let client = client.auth(papilio::BearerAuth::new(token)).build()?;

    let notes = Notes(client);
    println!("found: {:?}", notes.find("moth")?);
    println!("added: {:?}", notes.add("Moths like light")?);
    if let Err(error) = notes.add("") {
        // An error of `error_for_status` holds the response, so the server's own words are there.
        match error.response().map(|response| response.json::<Problem>()) {
            Some(Ok(problem)) => println!("refused: {}", problem.detail),
            _ if error.is_timeout() => println!("too slow: {error}"),
            _ => println!("failed: {error}"),
        }
    }
    Ok(())
}

/// The server, if there is no other.
fn server(request: &Request) -> Result<Response> {
    if request.headers.get("Authorization").as_deref() != Some("Bearer demo") {
        return Ok(Response::builder(401).text(""));
    }
    match (request.method.as_str(), request.url.path().as_ref()) {
        ("GET", "/v1/notes") => {
            let word = request.url.params().get("word").map(str::to_owned);
            let text = format!("All about the {}", word.unwrap_or_default());
            Response::builder(200).json(&[Note { id: Some(1), text }])
        }
        ("POST", "/v1/notes") if request.content()? == br#"{"id":null,"text":""}"# => {
            Response::builder(422).json(&serde_json::json!({"detail": "a note needs text"}))
        }
        ("POST", "/v1/notes") => Response::builder(201).json(&Note {
            id: Some(2),
            text: "Moths like light".into(),
        }),
        _ => Ok(Response::builder(404).text("")),
    }
}

//! How to test an axum application without a socket: the client is handed the application in place of the network.
//!
//! `cargo run --example axum_app --features tower`; the same client can be an `AsyncClient`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream;
use papilio::{AppTransport, Client, Result};

type Notes = Arc<Mutex<Vec<String>>>;

/// The application under test.
fn app() -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/notes") }))
        .route("/notes", get(list).post(add))
        .route("/events", get(events))
        .with_state(Notes::default())
}

async fn list(State(notes): State<Notes>) -> Json<Vec<String>> {
    Json(notes.lock().map(|notes| notes.clone()).unwrap_or_default())
}

async fn add(
    State(notes): State<Notes>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Json(note): Json<String>,
) -> StatusCode {
    match notes.lock() {
        Ok(mut notes) => notes.push(format!("{note}, says {}", client.ip())),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR,
    }
    StatusCode::CREATED
}

/// A body that is made while it is read.
async fn events() -> Body {
    let events = (1..=3).map(|number| Ok::<_, std::io::Error>(format!("event {number}\n")));
    Body::from_stream(stream::iter(events))
}

fn main() -> Result<()> {
    let app = AppTransport::new(app())
        .client(([192, 0, 2, 7], 5000))
        .connect_info(ConnectInfo);
    let client = Client::builder()
        .transport(app)
        .base_url("http://testserver")
        .follow_redirects(true)
        .build()?;

    let created = client.post("/notes").json("buy tea").send()?;
    println!("{}", created.status());
    let notes = client.get("/").send()?;
    println!("{} {:?}", notes.url(), notes.json::<Vec<String>>()?);
    for line in client.get("/events").stream()?.iter_lines() {
        println!("{}", line?);
    }
    println!("{}", client.get("/nothing/here").send()?.status());
    Ok(())
}

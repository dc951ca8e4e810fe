//! A server that asks another one, and passes on what it gets while it gets it: an axum server on loopback whose handler
//! streams through an `AsyncClient`, in both directions.
//!
//! `cargo run --example server_to_server --features async`

use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::TryStreamExt;
use papilio::AsyncClient;

/// The server behind: gives back what it gets, in capitals, piece by piece.
async fn shout(body: Body) -> Body {
    let pieces = body.into_data_stream();
    Body::from_stream(pieces.map_ok(|piece| piece.to_ascii_uppercase()))
}

/// The server in front. One client for all requests keeps the connections to the server behind.
#[derive(Clone)]
struct Front {
    client: AsyncClient,
}

async fn pass_on(State(front): State<Front>, headers: HeaderMap, body: Body) -> Response {
    let mut request = front.client.post("/shout");
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        request = request.header("Content-Type", content_type);
    }
    let answer = request.body_stream(body.into_data_stream()).stream().await;
    match answer {
        Ok(answer) => (
            answer.status(),
            // Dropped when the asking side goes away, and the connection with it.
            Body::from_stream(answer.into_stream()),
        )
            .into_response(),
        Err(error) if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT.into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// Serves on a free port of loopback; the URL.
async fn serve(app: Router) -> std::io::Result<String> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(format!("http://{address}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let behind = serve(Router::new().route("/shout", post(shout))).await?;
    let client = AsyncClient::builder().base_url(behind).build()?;
    let front = Router::new().route("/", post(pass_on));
    let front = serve(front.with_state(Front { client })).await?;

    let client = AsyncClient::new();
    let pieces = ["papilio ", "machaon"].map(Ok::<_, std::io::Error>);
    let request = client
        .post(front)
        .body_stream(futures_util::stream::iter(pieces));
    let response = request.send().await?.error_for_status()?;
    println!("{} {}", response.status(), response.text());
    Ok(())
}

//! Digest authentication: the password proves itself without being sent.
//!
//! `cargo run --example digest [URL USER PASSWORD]`; without arguments a function plays the server.

use papilio::{Client, DigestAuth, MockTransport, Response, Result};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let client = Client::builder();
    let (client, url, auth) = match arguments.as_slice() {
        [url, user, password] => (client, url.as_str(), DigestAuth::new(user, password)),
        _ => (
            client.transport(server()),
            "https://www.example.org/private",
            DigestAuth::new("ada", "lovelace"),
        ),
    };
    let client = client.auth(auth).build()?;

    // The second time the challenge is known, and answered in advance.
    for _ in 0..2 {
        let response = client.get(url).send()?;
        let challenges = response.history().len();
        println!("{} after {challenges} challenges", response.status());
    }
    Ok(())
}

/// The server, if there is no other. A real one would check the `response` of the answer.
fn server() -> impl papilio::Transport {
    MockTransport::new(|request| {
        let answer = request.headers.get("Authorization").unwrap_or_default();
        Ok(if answer.starts_with("Digest username=\"ada\"") {
            Response::builder(200).text("welcome")
        } else {
            let challenge = r#"Digest realm="demo", nonce="0a1b2c", qop="auth", algorithm=SHA-256"#;
            Response::builder(401)
                .header("WWW-Authenticate", challenge)
                .text("")
        })
    })
}

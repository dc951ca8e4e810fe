//! Keeps cookies in a file between runs, in the format of curl and browser exporters (`cookies.txt`).
//!
//! `cargo run --example cookies [URL FILE]`; without arguments a function plays the server.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use papilio::{Client, ClientBuilder, Cookies, MockTransport, Response};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    if let (Some(url), Some(path)) = (arguments.next(), arguments.next()) {
        return visit(Client::builder(), &url, path.as_ref());
    }
    let path = std::env::temp_dir().join(format!("papilio-cookies-{}.txt", std::process::id()));
    for _ in 0..2 {
        let server = MockTransport::new(|request| {
            let known = request.headers.get("Cookie");
            println!(
                "the server got: {}",
                known.as_deref().unwrap_or("no cookie")
            );
            Ok(Response::builder(200)
                .header("Set-Cookie", "theme=dark; Max-Age=86400; Secure; HttpOnly")
                .text(""))
        });
        let client = Client::builder().transport(server);
        visit(client, "https://www.example.org/", &path)?;
    }
    print!("{}", fs::read_to_string(&path)?);
    fs::remove_file(path)?;
    Ok(())
}

fn visit(client: ClientBuilder<Client>, url: &str, path: &Path) -> Outcome<()> {
    let client = client.cookies(load(path)?).build()?;
    client.get(url).send()?;
    save(client.cookies(), path)?;
    Ok(())
}

fn load(path: &Path) -> Outcome<Cookies> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Cookies::from_netscape(&text)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Cookies::new()),
        Err(error) => Err(error.into()),
    }
}

fn save(cookies: &Cookies, path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Whoever can read the file can be the user.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(cookies.to_netscape().as_bytes())
}

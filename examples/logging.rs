//! Logging by a configuration file, with the crate `log4rs`: warnings go to the console, everything from DEBUG on into a
//! file that is replaced when it is full, and one target is silenced.
//!
//! The configuration is `examples/logging.json`. papilio needs no more than that a logger is there; for one without a
//! file there is `papilio::logging::basic_config`.
//!
//! ```sh
//! cargo run --example logging
//! ```

use std::io::{Read, Write};
use std::net::TcpListener;
use std::{env, fs, thread};

use papilio::Client;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/logging.json");
    let folder = env::temp_dir().join(format!("papilio-logging-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    // The paths of the configuration are relative.
    env::set_current_dir(&folder)?;
    log4rs::init_file(config, log4rs::config::Deserializers::default())?;

    let url = serve()?;
    let client = Client::builder().trust_env(false).build()?;
    for number in 1..=20 {
        let response = client.get(format!("{url}?number={number}")).send()?;
        if number == 13 {
            log::warn!("{} is said to be unlucky: {}", number, response.status());
        }
    }

    let mut files = Vec::new();
    let mut text = String::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        files.push(entry.file_name().to_string_lossy().into_owned());
        text += &fs::read_to_string(entry.path())?;
    }
    files.sort();
    println!("{}", files.join(", "));
    for target in ["papilio", "papilio::http11", "papilio::connection"] {
        let lines = text
            .lines()
            .filter(|l| l.contains(&format!(" {target} - ")));
        let is_there = if lines.count() > 0 {
            "lines"
        } else {
            "no lines"
        };
        println!("{target}: {is_there}");
    }
    env::set_current_dir(env::temp_dir())?;
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// A server that says hello to everything, until the program ends.
fn serve() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    thread::spawn(move || -> std::io::Result<()> {
        for stream in listener.incoming() {
            let mut stream = stream?;
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer)? > 0 {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
            }
        }
        Ok(())
    });
    Ok(url)
}

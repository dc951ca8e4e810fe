//! Many small GETs over one warm connection: the work behind the figures for system calls, instructions and allocations.
//!
//! The server is a process of its own, so that `strace` and `valgrind` see the client alone. Run with a number of
//! requests: the difference between two runs, divided by the difference of their numbers, is the cost of one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: warm\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let first = arguments.next().unwrap_or_else(|| "10000".into());
    if first == "serve" {
        return serve();
    }
    let requests: u64 = first.parse()?;
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut url = String::new();
    if let Some(output) = server.stdout.take() {
        BufReader::new(output).read_line(&mut url)?;
    }
    let result = fetch(url.trim(), requests);
    server.kill()?;
    server.wait()?;
    Ok(result?)
}

fn fetch(url: &str, requests: u64) -> papilio::Result<()> {
    let client = papilio::Client::new();
    let started = std::time::Instant::now();
    for _ in 0..requests {
        let response = client.get(url).send()?;
        assert_eq!(response.content(), "Hello, world!");
    }
    println!(
        "{requests} requests, {:?} each",
        started.elapsed() / requests.max(1) as u32
    );
    Ok(())
}

/// Answers until it is killed.
fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("http://{}/path?x=1", listener.local_addr()?);
    for connection in listener.incoming() {
        answer(connection?)?;
    }
    Ok(())
}

fn answer(mut connection: TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut request = [0; 4096];
    // Each request of this client comes in one segment.
    while connection.read(&mut request)? > 0 {
        connection.write_all(ANSWER)?;
    }
    Ok(())
}

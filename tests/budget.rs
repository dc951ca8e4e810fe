//! What requests may cost: allocations of a warm GET, memory of a long download, sizes of the types on the way.
//!
//! A binary of its own, because counting replaces the allocator. Only the thread that measures is counted, not the
//! server. System calls and instructions are counted by `benches/cost`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do its helpers"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use allocation_counter::measure;
use papilio::{Body, Client, Error, Headers, Request, Response, StreamingResponse, Url};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: warm\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

/// Serves one connection with this function.
fn serve(answer: fn(TcpStream) -> std::io::Result<()>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/path?x=1", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        // The client may go away in the middle of an answer.
        let _ = answer(listener.accept().unwrap().0);
    });
    (url, server)
}

fn answer_each(mut connection: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 4096];
    while connection.read(&mut request)? > 0 {
        connection.write_all(ANSWER)?;
    }
    Ok(())
}

/// From the URL as text to the content as text, the request built and the response dropped.
#[test]
fn a_warm_get_allocates_six_times_at_most() {
    let (url, server) = serve(answer_each);
    let client = Client::new();
    let get = || {
        let response = client.get(&url).send().unwrap();
        assert_eq!(response.text(), "Hello, world!");
    };
    get();
    for _ in 0..3 {
        let count = measure(get).count_total;
        println!("{count} allocations");
        assert!(count <= 6, "{count} allocations");
    }
    drop(client);
    server.join().unwrap();
}

/// LOG-09: what is not logged is not formatted.
#[test]
fn a_silent_log_costs_nothing() {
    struct Nobody;
    impl log::Log for Nobody {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            panic!("asked though the level is off")
        }
        fn log(&self, _: &log::Record<'_>) {
            panic!("told though the level is off")
        }
        fn flush(&self) {}
    }
    log::set_logger(&Nobody).unwrap();
    log::set_max_level(log::LevelFilter::Off);
    a_warm_get_allocates_six_times_at_most();
}

/// Reading the roots alone would take far more.
#[test]
fn building_a_client_reads_no_roots() {
    // The environment is read when a client is built; how much there is of it is not our matter.
    let built = measure(|| drop(Client::builder().trust_env(false).build().unwrap()));
    println!("{built:?}");
    assert!(built.count_total <= 30, "{built:?}");
    assert!(built.bytes_total <= 8 << 10, "{built:?}");
}

/// H1-36, R-LIM-13
#[test]
fn a_gigabyte_streams_through_little_memory() {
    const GIB: u64 = 1 << 30;
    let (url, server) = serve(|mut connection| {
        assert!(connection.read(&mut [0; 4096])? > 0);
        write!(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Length: {GIB}\r\n\r\n"
        )?;
        let piece = vec![7; 1 << 20];
        (0..1024).try_for_each(|_| connection.write_all(&piece))
    });
    let client = Client::new();
    let before = peak_memory();
    let used = measure(|| {
        let mut response = client.get(&url).stream().unwrap();
        let mut buffer = vec![0; 256 << 10];
        let mut total = 0;
        loop {
            match response.read(&mut buffer).unwrap() {
                0 => break,
                count => total += count as u64,
            }
        }
        assert_eq!((total, response.num_bytes_downloaded()), (GIB, GIB));
    });
    println!("{used:?}");
    assert!(used.bytes_max <= 1 << 20, "{used:?}");
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        // What the system counts is not exact: it can come out smaller than before.
        let grown = after.saturating_sub(before);
        println!("peak grew by {grown} KiB");
        assert!(grown < 8 << 10, "{before} KiB before, {after} KiB after");
    }
    server.join().unwrap();
}

/// MPF-12
#[cfg(feature = "multipart")]
#[test]
fn a_large_file_is_uploaded_through_little_memory() {
    const SIZE: u64 = 256 << 20;
    let (url, server) = serve(|mut connection| {
        let mut buffer = vec![0; 1 << 20];
        let read = connection.read(&mut buffer)?;
        let head = String::from_utf8_lossy(&buffer[..read]);
        let head = head.split_once("\r\n\r\n").unwrap().0;
        let length = head.split_once("Content-Length: ").unwrap().1;
        let length: u64 = length.lines().next().unwrap().parse().unwrap();
        let mut left = length - (read - head.len() - 4) as u64;
        while left > 0 {
            left -= connection.read(&mut buffer)? as u64;
        }
        write!(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Read: {length}\r\n\r\n"
        )
    });
    let path = std::env::temp_dir().join(format!("papilio-sparse-{}", std::process::id()));
    std::fs::File::create(&path).unwrap().set_len(SIZE).unwrap();
    let form = papilio::multipart::Form::new().file("f", &path).unwrap();
    let request = Client::new().post(&url).multipart(form).build().unwrap();
    let length = request.body.len().unwrap();
    assert!((SIZE + 1..SIZE + 300).contains(&length), "{length}");
    let client = Client::new();
    let before = peak_memory();
    let used = measure(|| {
        let response = client.send(request).unwrap();
        let read = response.headers().get("X-Read").unwrap().parse();
        assert_eq!(read, Ok(length));
    });
    println!("{used:?}");
    assert!(used.bytes_max <= 256 << 10, "{used:?}");
    assert!(used.count_total <= 100, "{used:?}");
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        println!("peak grew by {} KiB", after - before);
        assert!(
            after - before < 8 << 10,
            "{before} KiB before, {after} KiB after"
        );
    }
    std::fs::remove_file(&path).unwrap();
    server.join().unwrap();
}

/// The largest the process has been, in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn types_that_move_are_small() {
    let sizes = [
        ("Error", size_of::<Error>(), 8),
        ("Url", size_of::<Url>(), 48),
        ("Headers", size_of::<Headers>(), 40),
        ("Body", size_of::<Body>(), 64),
        ("Request", size_of::<Request>(), 360),
        ("Response", size_of::<Response>(), 40),
        ("StreamingResponse", size_of::<StreamingResponse>(), 480),
        ("Client", size_of::<Client>(), 24),
    ];
    for (name, size, most) in sizes {
        println!("{name}: {size}");
        assert!(size <= most, "{name} is {size} bytes, more than {most}");
    }
}

/// R-POOL-07, ERR-01
#[test]
fn types_cross_threads() {
    fn both<T: Send + Sync + 'static>() {}
    both::<Client>();
    both::<Error>();
    both::<Request>();
    both::<Response>();
    both::<StreamingResponse>();
    both::<papilio::Upgraded>();
}

//! The thread that keeps the connections of a blocking client going.

use std::thread;
use std::time::Duration;

use papilio::Client;

use crate::alone::alone;
use crate::http2::rig::{Rig, ca, until};

/// How many threads of this process have this name; `None` where that cannot be seen.
fn threads(name: &str) -> Option<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    Some(names.filter(|one| one.trim() == name).count())
}

/// DCN-01: it begins with the first connection of HTTP/2, and ends when the client and all its responses are gone.
#[test]
fn from_first_to_last() {
    if !cfg!(target_os = "linux") || !alone("http2::blocking::thread::from_first_to_last", &[]) {
        return;
    }
    let cranks = || threads("papilio-h2").unwrap();
    let server = Rig::tls().start();
    let old = Rig::tls().alpn(&["http/1.1"]).start();
    let client = || Client::builder().add_root_certificate(ca()).http2(true);
    let one = client().trust_env(false).build().unwrap();
    one.get(old.url("/")).send().unwrap();
    assert_eq!(cranks(), 0);
    for _ in 0..3 {
        one.get(server.url("/")).send().unwrap();
        assert_eq!(cranks(), 1);
    }
    let two = client().trust_env(false).build().unwrap();
    two.get(server.url("/")).send().unwrap();
    assert_eq!(cranks(), 2);
    drop(two);
    until("that of the second is gone", || cranks() == 1);
    let response = one
        .get(server.url("/large?bytes=50000000"))
        .stream()
        .unwrap();
    drop(one);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(cranks(), 1, "there is a response");
    assert_eq!(response.buffer().unwrap().content().len(), 50_000_000);
    until("all are gone", || cranks() == 0);

    // Without a word to anybody.
    let three = client().trust_env(false).build().unwrap();
    let half = three.get(server.url("/half")).stream().unwrap();
    drop(three);
    drop(half);
    until("all are gone", || cranks() == 0);
}

/// In a runtime it blocks, which is not nice, but works.
#[test]
fn within_a_runtime() {
    let server = Rig::tls().start();
    let url = server.url("/");
    for runtime in [
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap(),
    ] {
        runtime.block_on(async {
            let client = Client::builder().add_root_certificate(ca()).http2(true);
            let client = client.trust_env(false).build().unwrap();
            assert_eq!(client.get(&*url).send().unwrap().http_version(), "HTTP/2");
            let half = client.get(server.url("/half")).stream().unwrap();
            drop(client);
            drop(half);
        });
    }
}

/// `Client` may be used by any thread at any time.
#[test]
fn handed_from_thread_to_thread() {
    let server = Rig::tls().start();
    let client = Client::builder().add_root_certificate(ca()).http2(true);
    let client = client.trust_env(false).build().unwrap();
    for _ in 0..3 {
        let (client, url) = (client.clone(), server.url("/large?bytes=1000000"));
        let response = thread::spawn(move || client.get(url).stream().unwrap()).join();
        let response = response.unwrap();
        let whole = thread::spawn(move || response.buffer().unwrap())
            .join()
            .unwrap();
        assert_eq!(whole.content().len(), 1_000_000);
    }
    assert_eq!(server.accepts(), 1);
}

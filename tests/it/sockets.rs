//! Sockets: where they lead, where they come from, and what they are set to, as the other side sees it.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::thread;
use std::time::Duration;

use papilio::{Client, ClientBuilder, Kind, SocketOption, TcpKeepalive};
use socket2::SockRef;

use crate::server::{Server, ok};

const LIMIT: Duration = Duration::from_secs(4);

fn builder() -> ClientBuilder<Client> {
    Client::builder().timeout(LIMIT).trust_env(false)
}

/// TRN-08: the address that connections are made from, and the family it asks for.
#[test]
fn the_local_address() {
    let server = Server::always(ok("x"));
    let from = |address: IpAddr| builder().local_address(address).build().unwrap();
    if cfg!(target_os = "linux") {
        // All of 127.0.0.0/8 is this machine.
        let address = IpAddr::from([127, 0, 0, 9]);
        let answer = from(address).get(server.url("/")).send().unwrap();
        assert_eq!(
            answer.connection().unwrap().local_addr().unwrap().ip(),
            address
        );
    }
    let any4 = from(Ipv4Addr::UNSPECIFIED.into());
    any4.get(server.url("/")).send().unwrap();
    let any6 = builder()
        .local_address(Ipv6Addr::UNSPECIFIED)
        .resolve("both.invalid", [IpAddr::from(Ipv4Addr::LOCALHOST)])
        .build()
        .unwrap();
    for url in [server.url("/"), server.url_on("both.invalid", "/")] {
        let error = any6.get(url).send().unwrap_err();
        assert_eq!(error.kind(), Kind::Connect, "{error}");
    }
    // An address that is not ours.
    let error = from([192, 0, 2, 1].into()).get(server.url("/")).send();
    assert_eq!(error.unwrap_err().kind(), Kind::Connect);
    assert_eq!(
        server.connections(),
        if cfg!(target_os = "linux") { 2 } else { 1 }
    );
}

/// How many bytes a server gets rid of before the client has read any, and the largest segment it may send.
#[cfg(target_os = "linux")]
fn as_the_server_sees_it(client: ClientBuilder<Client>) -> (usize, u32) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let socket = SockRef::from(&stream);
        socket.set_send_buffer_size(8 << 10).unwrap();
        let segment = socket.tcp_mss().unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        let mut sent = stream.write(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let patience = Some(Duration::from_millis(200));
        stream.set_write_timeout(patience).unwrap();
        while let Ok(count) = stream.write(&[b'x'; 4096]) {
            sent += count;
        }
        (sent, segment)
    });
    let client = client.build().unwrap();
    let _unread = client.get(format!("http://{address}/")).stream().unwrap();
    server.join().unwrap()
}

/// TRN-09, TRP-04: what is set before the connect shows on the other side: a buffer that takes little, and small segments.
#[cfg(target_os = "linux")]
#[test]
fn options_that_the_server_sees() {
    let (usual, segment) = as_the_server_sees_it(builder());
    let small = builder().socket_option(SocketOption::ReceiveBuffer(8 << 10));
    let (small, _) = as_the_server_sees_it(small);
    assert!(small * 2 < usual, "{small} of {usual}");
    let short = builder().socket_option(SocketOption::MaxSegment(700));
    let (_, short) = as_the_server_sees_it(short);
    assert!(short <= 700 && segment > 700, "{short} of {segment}");
}

/// TRN-09: all options that anybody may set, together.
#[cfg(target_os = "linux")]
#[test]
fn options_that_the_system_takes() {
    let server = Server::always(ok("x"));
    let options = [
        SocketOption::SendBuffer(64 << 10),
        SocketOption::ReuseAddress(true),
        SocketOption::Priority(3),
        SocketOption::TrafficClass(0x10),
        SocketOption::TimeToLive(9),
        SocketOption::UserTimeout(Duration::from_secs(9)),
        SocketOption::MaxSegment(700),
        SocketOption::QuickAck(true),
        SocketOption::NotSentLowWater(16 << 10),
    ];
    let mut all = builder().tcp_keepalive(TcpKeepalive::from(Duration::from_secs(7)));
    for option in options {
        all = all.socket_option(option);
    }
    let client = all.build().unwrap();
    let heard = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let record = std::sync::Arc::clone(&heard);
    let request = client.get(server.url("/")).trace(move |event| {
        *record.lock().unwrap() += &format!("{event}\n");
        Ok(())
    });
    assert_eq!(request.send().unwrap().text(), "x");
    // EXT-21
    let heard = heard.lock().unwrap();
    assert!(
        heard.contains("socket_options=[SendBuffer(65536), ReuseAddress(true), "),
        "{heard}"
    );
    // One that the system refuses.
    let client = builder().socket_option(SocketOption::Device("no-such-device".into()));
    let error = client
        .build()
        .unwrap()
        .get(server.url("/"))
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Connect);
}

/// Connecting adds no thread but that of the name lookup, and an address needs none.
#[cfg(target_os = "linux")]
#[test]
fn threads() {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    if !crate::alone::alone("sockets::threads", &[]) {
        return;
    }
    fn names() -> Vec<String> {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let name = |task: std::io::Result<std::fs::DirEntry>| {
            // One that has just ended has no name.
            std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()
        };
        tasks.map(name).map(|name| name.trim().to_owned()).collect()
    }
    fn ours(names: &[String]) -> BTreeSet<String> {
        let ours = names.iter().filter(|name| name.starts_with("papilio"));
        ours.cloned().collect()
    }
    let server = Server::always(ok("x"));
    let serving = || names().len() - server.connections();
    let client = builder()
        .resolver(|_: &str| Ok(vec![Ipv4Addr::LOCALHOST.into()]))
        .build()
        .unwrap();
    let base = names().len();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let fetch = |host: &str| {
        let record = Arc::clone(&heard);
        let request = client.get(server.url_on(host, "/")).trace(move |_| {
            record.lock().unwrap().push(names());
            Ok(())
        });
        request.send().unwrap();
        let all = std::mem::take(&mut *heard.lock().unwrap());
        all.concat()
    };
    assert!(ours(&fetch("127.0.0.1")).is_empty());
    assert_eq!(serving(), base, "a connection is no thread");
    let named = ours(&fetch("name.invalid"));
    let lookup: BTreeSet<String> = ["papilio-lookup".to_owned()].into();
    assert!(named.is_subset(&lookup), "{named:?}");
    server.wait_until(|_| ours(&names()).is_empty());
    assert_eq!(serving(), base);
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::net::{Shutdown, SocketAddr, TcpStream};
    use std::os::unix::net::UnixListener;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::*;

    /// A Unix socket whose connections lead to this address.
    struct Bridge(PathBuf);

    impl Bridge {
        fn to(address: SocketAddr) -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("papilio-bridge-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = std::fs::remove_file(&path);
            let listener = UnixListener::bind(&path).unwrap();
            thread::spawn(move || {
                for near in listener.incoming() {
                    let near = Arc::new(near.unwrap());
                    let far = Arc::new(TcpStream::connect(address).unwrap());
                    let (from, to) = (Arc::clone(&near), Arc::clone(&far));
                    thread::spawn(move || {
                        let _ = io::copy(&mut &*from, &mut &*to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                    thread::spawn(move || {
                        let _ = io::copy(&mut &*far, &mut &*near);
                        let _ = near.shutdown(Shutdown::Write);
                    });
                }
            });
            Self(path)
        }
    }

    impl Drop for Bridge {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn over(path: &Path) -> ClientBuilder<Client> {
        let client = builder().unix_socket(path);
        client.resolver(|_: &str| -> papilio::Result<_> { panic!("a lookup") })
    }

    /// TRN-07, EXT-20, EXT-21: whatever the host; `Host` is the URL's, and so are the keys of the pool.
    #[test]
    fn whatever_the_host() {
        let server = Server::echo();
        let bridge = Bridge::to(server.address());
        let option = SocketOption::SendBuffer(50_000);
        let client = over(&bridge.0).socket_option(option).build().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        for host in ["docker", "docker", "10.0.0.1:99"] {
            let record = Arc::clone(&heard);
            let request = client
                .get(format!("http://{host}/path"))
                .trace(move |event| {
                    record.lock().unwrap().push(event.to_string());
                    Ok(())
                });
            let answer = request.send().unwrap();
            let head = format!("GET /path HTTP/1.1\r\nHost: {host}\r\n");
            assert!(answer.text().starts_with(&head), "{}", answer.text());
            let connection = answer.connection().unwrap();
            assert_eq!(connection.unix_path(), Some(&*bridge.0));
            assert_eq!(
                (connection.peer_addr(), connection.local_addr()),
                (None, None)
            );
        }
        assert_eq!(server.requests_per_connection(), [2, 1]);
        let heard = heard.lock().unwrap();
        let path = bridge.0.display();
        let step = "connection.connect_unix_socket";
        assert_eq!(
            heard[0],
            format!("{step}.started path=\"{path}\" timeout=4s socket_options=[SendBuffer(50000)]")
        );
        assert_eq!(heard[1], format!("{step}.complete return_value={path}"));
    }

    /// TRN-07: a file that is none, or where nobody listens.
    #[test]
    fn nobody_there() {
        let server = Server::always(ok(""));
        let bridge = Bridge::to(server.address());
        let missing = bridge.0.with_extension("missing");
        let dead = bridge.0.with_extension("dead");
        drop(UnixListener::bind(&dead).unwrap());
        for path in [&missing, &dead] {
            let client = over(path).connect_retries(1).build().unwrap();
            let error = client.get("http://docker/").send().unwrap_err();
            assert_eq!(error.kind(), Kind::Connect);
            let text = error.to_string();
            assert!(text.contains(&path.display().to_string()), "{text}");
            assert!(text.contains("os error"), "{text}");
        }
        std::fs::remove_file(&dead).unwrap();
    }

    /// TRN-07, TLS-09: TLS goes by the name in the URL.
    #[cfg(feature = "tls")]
    #[test]
    fn with_tls() {
        use crate::server::script;
        use crate::server::tls::{Identity, ca_pem};

        let server = Server::start_tls(script().serve(|_| ok("safe")), Identity::Good);
        let bridge = Bridge::to(server.address());
        let client = over(&bridge.0).add_root_certificate(ca_pem());
        let client = client.build().unwrap();
        let answer = client.get("https://localhost/").send().unwrap();
        assert_eq!(answer.text(), "safe");
        let connection = answer.connection().unwrap();
        assert!(connection.tls().is_some() && connection.unix_path().is_some());
        assert_eq!(server.only().server_name.as_deref(), Some("localhost"));
        let error = client.get("https://docker/").send().unwrap_err();
        assert_eq!(error.reason(), Some(papilio::Reason::CertificateName));
        let request = client.get("https://docker/").server_name("localhost");
        assert_eq!(request.send().unwrap().text(), "safe");
        let seen = server.seen();
        assert_eq!(seen[1].header("host"), Some("docker"));
    }

    /// TRN-05, CON-08: of a transport by itself, and for those who await.
    #[cfg(feature = "async")]
    #[tokio::test]
    async fn awaited() {
        let server = Server::always(ok("there"));
        let bridge = Bridge::to(server.address());
        let transport = papilio::AsyncHttpTransport::builder().unix_socket(&bridge.0);
        let client = papilio::AsyncClient::builder().transport(transport.build().unwrap());
        let answer = client.build().unwrap().get("http://docker/").send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.text(), "there");
        assert_eq!(answer.connection().unwrap().unix_path(), Some(&*bridge.0));
        let nobody = papilio::AsyncClient::builder().unix_socket("/no/such/socket");
        let error = nobody.build().unwrap().get("http://docker/").send().await;
        assert_eq!(error.unwrap_err().kind(), Kind::Connect);
    }
}

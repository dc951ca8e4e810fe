//! `ConnectionInfo`: what is known of the connection a response came over.
//!
//! Owns the facts as data. They are found once for each connection (`connection/wire.rs`).

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The connection a response came over: [`Response::connection`](crate::Response::connection).
///
/// ```no_run
/// let response = papilio::get("https://www.example.org/").send()?;
/// if let Some(connection) = response.connection() {
///     println!("from {:?}", connection.peer_addr());
///     if let Some(tls) = connection.tls() {
///         println!("{} with {}", tls.version(), tls.cipher_suite());
///     }
/// }
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "network_stream")]
pub struct ConnectionInfo {
    pub(crate) peer_addr: Option<SocketAddr>,
    pub(crate) local_addr: Option<SocketAddr>,
    pub(crate) unix_path: Option<PathBuf>,
    pub(crate) is_proxied: bool,
    pub(crate) tls: Option<TlsInfo>,
}

/// What a TLS handshake came to.
///
/// ```no_run
/// let response = papilio::get("https://www.example.org/").send()?;
/// let tls = response.connection().and_then(|connection| connection.tls());
/// println!("{}", tls.map_or("no TLS", |tls| tls.version()));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    pub(crate) version: String,
    pub(crate) cipher_suite: String,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) key_exchange: Option<String>,
    pub(crate) resumed: bool,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl ConnectionInfo {
    /// The address of the other side: the server, or a proxy. `None` for a Unix socket.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).send()?;
    /// let connection = response.connection().unwrap();
    /// assert!(connection.peer_addr().unwrap().ip().is_loopback());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "server_addr")]
    #[doc(alias = "remote_addr")]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer_addr
    }

    /// The address of this side; `None` for a Unix socket.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).send()?;
    /// let connection = response.connection().unwrap();
    /// assert_ne!(connection.local_addr(), connection.peer_addr());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "client_addr")]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// The path of the Unix socket on the other side, if it is one that has a path.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).send()?;
    /// let connection = response.connection().unwrap();
    /// assert_eq!(connection.unix_path(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unix_path(&self) -> Option<&Path> {
        self.unix_path.as_deref()
    }

    /// Whether the other side is a proxy, which the response came through.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).send()?;
    /// let connection = response.connection().unwrap();
    /// assert!(!connection.is_proxied());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_proxied(&self) -> bool {
        self.is_proxied
    }

    /// What TLS with the origin came to; `None` without it.
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).send()?;
    /// let connection = response.connection().unwrap();
    /// assert!(connection.tls().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "ssl_object")]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }
}

impl TlsInfo {
    /// The protocol version: `TLSv1.2` or `TLSv1.3`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The cipher suite by its registered name: `TLS_AES_128_GCM_SHA256`.
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// The application protocol that was agreed on, if any: `http/1.1`.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// The key exchange by the registered name of its group: `X25519`, `secp256r1`, `X25519MLKEM768`. `None` for a TLS 1.2
    /// session that was resumed, which has none.
    pub fn key_exchange(&self) -> Option<&str> {
        self.key_exchange.as_deref()
    }

    /// Whether the handshake took up an earlier session with the server; its certificate was checked then.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The certificates the server sent, in DER, its own first.
    pub fn peer_certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.certificates.iter().map(Vec::as_slice)
    }
}

/// The address or path of the other side, and TLS in short.
impl fmt::Display for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.peer_addr, &self.unix_path) {
            (Some(address), _) => write!(f, "{address}")?,
            (None, Some(path)) => write!(f, "{}", path.display().to_string().escape_debug())?,
            (None, None) => f.write_str("unknown")?,
        }
        match &self.tls {
            Some(tls) => write!(f, " / {tls}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {} / ", self.version, self.cipher_suite)?;
        match &self.alpn {
            Some(alpn) => write!(f, "{}", alpn.escape_ascii()),
            None => f.write_str("no ALPN"),
        }
    }
}

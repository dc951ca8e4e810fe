//! TLS by rustls: one session stepped over a non-blocking socket.
//!
//! The only file that names rustls' connections. Owns the session and what its errors mean. Does not own settings
//! (`models/tls.rs`), what they come to (`connection/tls_config.rs`) or waiting.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ClientConnection, HandshakeKind};

use crate::connection::socket::{Interest, Socket, Step};
use crate::connection::tls_config::PinMismatch;
use crate::error::{Error, Kind, Phase, Reason, Result};
use crate::models::connection::TlsInfo;

/// One TLS session.
#[derive(Debug)]
pub(crate) struct Tls {
    session: ClientConnection,
    host: String,
}

impl Tls {
    /// A session about to shake hands with `host`: a name in ASCII, or an IP literal without brackets (TLS-09).
    pub(crate) fn new(config: Arc<ClientConfig>, host: &str) -> Result<Self> {
        // A trailing dot belongs to name lookup, not to certificates (R-TLS-04).
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned()).map_err(|e| {
            Error::new(
                Kind::Connect,
                format!("'{host}' cannot be a TLS server name"),
            )
            .with_source(e)
        })?;
        let session = ClientConnection::new(config, name).map_err(|e| failure(&e, host))?;
        Ok(Self {
            session,
            host: host.to_owned(),
        })
    }

    /// Goes on with the handshake until it is over or the socket has to be waited for.
    pub(crate) fn handshake<S: Socket>(&mut self, socket: &mut S) -> Result<Step<()>> {
        while self.session.is_handshaking() {
            match self.turn(socket) {
                Ok(()) => {}
                // Another session below took something in.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(Step::Progress),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let interest = if self.session.wants_write() {
                        Interest::Both
                    } else {
                        Interest::Read
                    };
                    return Ok(Step::Wait(interest));
                }
                Err(e) => return Err(self.handshake_error(e)),
            }
        }
        match self.flush(socket) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Step::Wait(Interest::Write)),
            Err(e) => Err(self.handshake_error(e)),
            Ok(()) => Ok(Step::Done(())),
        }
    }

    /// The application protocol that was agreed on.
    #[cfg(feature = "async")]
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        self.session.alpn_protocol()
    }

    /// What the handshake came to.
    pub(crate) fn info(&self) -> TlsInfo {
        let version = self.session.protocol_version().and_then(|v| v.as_str());
        let suite = self
            .session
            .negotiated_cipher_suite()
            .and_then(|s| s.suite().as_str());
        let certificates = self.session.peer_certificates().unwrap_or_default();
        TlsInfo {
            version: version.unwrap_or("?").replace('_', "."),
            // The registered names of suites do not say the version.
            cipher_suite: suite.unwrap_or("?").replacen("TLS13_", "TLS_", 1),
            alpn: self.session.alpn_protocol().map(<[u8]>::to_vec),
            key_exchange: self
                .session
                .negotiated_key_exchange_group()
                .map(|group| format!("{:?}", group.name())),
            resumed: self.session.handshake_kind() == Some(HandshakeKind::Resumed),
            certificates: certificates.iter().map(|c| c.to_vec()).collect(),
        }
    }

    /// Plain text, received at most once for: `Interrupted` says that something came, but no text yet. Whoever waits
    /// looks at the clock then; a peer that drips a record would otherwise never be late (FLT-05).
    pub(crate) fn read<S: Socket>(
        &mut self,
        socket: &mut S,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let mut received = false;
        loop {
            match self.session.reader().read(buffer) {
                // An end without close_notify is `UnexpectedEof`, a clean one is 0 (TLS-14, R-TLS-05).
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if std::mem::replace(&mut received, true) {
                        return Err(io::ErrorKind::Interrupted.into());
                    }
                    self.receive(socket)?;
                }
                result => return result,
            }
        }
    }

    /// Takes plain text as far as there is room for it, and sends what the socket takes.
    pub(crate) fn write<S: Socket>(
        &mut self,
        socket: &mut S,
        parts: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        self.flush(socket)?;
        let taken = self.session.writer().write_vectored(parts)?;
        match self.flush(socket) {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(taken),
        }
    }

    /// Sends every record that is ready.
    pub(crate) fn flush<S: Socket>(&mut self, socket: &mut S) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut Adapter(socket))?;
        }
        Ok(())
    }

    /// Says that nothing more will be sent; the record is to be flushed.
    pub(crate) fn finish(&mut self) {
        self.session.send_close_notify();
    }

    /// Says goodbye, as far as that takes no waiting.
    pub(crate) fn close<S: Socket>(&mut self, socket: &mut S) {
        if !self.session.is_handshaking() {
            self.session.send_close_notify();
            // The peer may be gone already; there is nobody left to tell.
            let _ = self.flush(socket);
        }
    }

    /// One round of a handshake: send what is ready, then receive.
    fn turn<S: Socket>(&mut self, socket: &mut S) -> io::Result<()> {
        match self.flush(socket) {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => return Err(e),
            _ => {}
        }
        if self.session.wants_read() {
            self.receive(socket)
        } else {
            self.flush(socket)
        }
    }

    /// Receives once and takes in what came: application data, or messages of the protocol itself.
    fn receive<S: Socket>(&mut self, socket: &mut S) -> io::Result<()> {
        let count = self.session.read_tls(&mut Adapter(socket))?;
        if let Err(error) = self.session.process_new_packets() {
            // The peer is told why, as far as that takes no waiting.
            let _ = self.flush(socket);
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        if count == 0 && self.session.is_handshaking() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self.flush(socket) {
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(()),
        }
    }

    pub(crate) fn handshake_error(&self, error: io::Error) -> Error {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            Some(tls) => failure(tls, &self.host),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Error::new(
                Kind::Connect,
                format!("'{}' closed the connection", self.host),
            )
            .in_phase(Phase::Tls),
            None => Error::new(
                Kind::Connect,
                format!("the connection to '{}' failed: {error}", self.host),
            )
            .in_phase(Phase::Tls)
            .with_source(error),
        }
    }
}

/// What a failed handshake means: one sentence, and a reason for machines.
fn failure(error: &rustls::Error, host: &str) -> Error {
    use CertificateError as Bad;
    let (message, reason) = match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => (
                format!("the certificate is not valid for '{host}'"),
                Some(Reason::CertificateName),
            ),
            Bad::Expired | Bad::ExpiredContext { .. } => (
                format!("the certificate of '{host}' has expired"),
                Some(Reason::CertificateExpired),
            ),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => (
                format!("the certificate of '{host}' is not valid yet"),
                Some(Reason::CertificateExpired),
            ),
            Bad::UnknownIssuer => (
                format!("the certificate of '{host}' is of an unknown issuer"),
                Some(Reason::CertificateUnknownIssuer),
            ),
            Bad::Other(other) if other.0.is::<PinMismatch>() => (
                format!("the certificate of '{host}' has the wrong key: {other}"),
                Some(Reason::CertificatePin),
            ),
            other => (
                format!("the certificate of '{host}' is invalid: {}", defect(other)),
                Some(Reason::CertificateInvalid),
            ),
        },
        rustls::Error::InvalidMessage(_) => (
            format!("'{host}' answered with something that is not TLS; does it speak plain http?"),
            None,
        ),
        other => (format!("TLS with '{host}' failed: {other}"), None),
    };
    let error = Error::new(Kind::Connect, message)
        .in_phase(Phase::Tls)
        .with_source(error.clone());
    match reason {
        Some(reason) => error.with_reason(reason),
        None => error,
    }
}

/// What is wrong with a certificate, where rustls says it at length or by a name alone.
fn defect(bad: &CertificateError) -> String {
    use CertificateError as Bad;
    match (bad, bad.to_string()) {
        (Bad::BadEncoding, _) => "it cannot be read".to_owned(),
        (Bad::BadSignature, _) => {
            "a signature of its chain is wrong, or by a key that is too weak".to_owned()
        }
        (Bad::UnsupportedSignatureAlgorithmContext { .. }, _)
        | (Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }, _) => {
            "its chain is signed in a way that is not accepted".to_owned()
        }
        (Bad::Other(_), text) if text.contains("EndEntityUsedAsCa") => {
            "it was issued by a certificate that must not issue any".to_owned()
        }
        (Bad::Other(_), text) if text.contains("CaUsedAsEndEntity") => {
            "it is the certificate of an authority".to_owned()
        }
        (_, text) => text,
    }
}

/// A [`Socket`] as the `Read` and `Write` that rustls wants.
struct Adapter<'a, S>(&'a mut S);

impl<S: Socket> Read for Adapter<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Socket> Write for Adapter<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

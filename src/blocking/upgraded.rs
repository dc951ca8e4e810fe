//! [`Upgraded`] as the standard library's streams are read and written.

use std::io::{self, Read, Write};

use crate::blocking::wait::block_on;
use crate::engine::upgraded::Upgraded;
use crate::error::Result;
#[cfg(feature = "tls")]
use crate::models::tls::{ServerName, TlsConfig};

impl Upgraded {
    /// Puts TLS over the connection, as a client: behind a tunnel, or where the protocol that was switched to says so. A
    /// connection that has TLS already gets it inside that, once. The handshake has the connect limit of the request;
    /// no application protocol is offered but those of a [ready configuration](TlsConfig::from_rustls).
    ///
    /// ```no_run
    /// use papilio::{Client, ServerName, TlsConfig};
    ///
    /// let client = Client::new();
    /// let request = client.request("CONNECT", "http://proxy.example.org:3128/").target("www.example.org:443");
    /// let tunnel = request.stream()?.upgrade()?;
    /// let tls = TlsConfig::builder().build()?;
    /// let stream = tunnel.start_tls(&tls, &ServerName::new("www.example.org")?)?;
    /// println!("{:?}", stream.connection().tls());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Kind::Connect`](crate::Kind::Connect) and [`Kind::ConnectTimeout`](crate::Kind::ConnectTimeout), as for any
    /// handshake; [`Kind::RemoteProtocol`](crate::Kind::RemoteProtocol) if bytes were received that were not read.
    #[cfg(feature = "tls")]
    pub fn start_tls(self, config: &TlsConfig, name: &ServerName) -> Result<Self> {
        block_on(self.shake(config, name))
    }

    /// Says that nothing more will be sent; reading goes on. Dropping it closes both directions.
    ///
    /// # Errors
    /// [`Kind::Write`](crate::Kind::Write), [`Kind::WriteTimeout`](crate::Kind::WriteTimeout).
    ///
    /// ```
    /// # use std::io::{Read, Write};
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(move || {
    /// #     let (mut socket, _) = server.accept().unwrap();
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// #     let _ = socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello");
    /// #     let _ = socket.read(&mut [0; 4096]);
    /// # });
    /// # let client = papilio::Client::builder().no_proxy().build()?;
    /// let response = client.get(url).header("Connection", "Upgrade").header("Upgrade", "echo").stream()?;
    /// let mut connection = response.upgrade()?;
    /// connection.write_all(b"bye")?;
    /// connection.shutdown()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "close")]
    pub fn shutdown(&mut self) -> Result<()> {
        block_on(self.finish())
    }
}

impl Read for Upgraded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(block_on(self.receive(buffer))?)
    }
}

impl Write for Upgraded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(block_on(self.transmit(bytes))?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(block_on(self.drain())?)
    }
}

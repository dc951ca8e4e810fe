//! Proxies of a few lines: CONNECT, and SOCKS 5 without a password. They carry bytes to wherever they are told.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// An HTTP proxy for CONNECT.
pub(crate) fn connect_proxy() -> SocketAddr {
    listen(|mut client| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            client.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
        let server = TcpStream::connect(target).ok()?;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
        Some((client, server))
    })
}

/// A SOCKS 5 proxy for IPv4 addresses and names.
pub(crate) fn socks_proxy() -> SocketAddr {
    listen(|mut client| {
        let mut greeting = [0; 2];
        client.read_exact(&mut greeting).ok()?;
        let mut methods = vec![0; usize::from(greeting[1])];
        client.read_exact(&mut methods).ok()?;
        client.write_all(&[5, 0]).ok()?;
        let mut request = [0; 4];
        client.read_exact(&mut request).ok()?;
        let host = if request[3] == 1 {
            let mut address = [0; 4];
            client.read_exact(&mut address).ok()?;
            std::net::Ipv4Addr::from(address).to_string()
        } else {
            let mut length = [0];
            client.read_exact(&mut length).ok()?;
            let mut name = vec![0; usize::from(length[0])];
            client.read_exact(&mut name).ok()?;
            String::from_utf8(name).unwrap()
        };
        let mut port = [0; 2];
        client.read_exact(&mut port).ok()?;
        let server = TcpStream::connect((host.as_str(), u16::from_be_bytes(port))).ok()?;
        client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).ok()?;
        Some((client, server))
    })
}

fn listen(shake: fn(TcpStream) -> Option<(TcpStream, TcpStream)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || {
                if let Some((client, server)) = shake(client) {
                    carry(&client, &server);
                }
            });
        }
    });
    address
}

fn carry(client: &TcpStream, server: &TcpStream) {
    let copy = |mut from: &TcpStream, mut to: &TcpStream| {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(client, server));
        copy(server, client);
    });
}

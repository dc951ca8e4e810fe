//! Addresses where nobody answers.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// An address that drops every attempt to connect: a listener whose queue is full and never emptied. The attempt hangs
/// until the client's own limit; so it does on Linux, while other systems may refuse it.
pub(crate) struct BlackHole {
    address: SocketAddr,
    _listener: Socket,
    _queue: Vec<Socket>,
}

impl BlackHole {
    pub(crate) fn start() -> Self {
        let (listener, address) = bound();
        listener.listen(0).expect("a listener");
        let queue = (0..4)
            .map(|_| {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
                socket.set_nonblocking(true).expect("a non-blocking socket");
                // Under way is all these should ever be.
                drop(socket.connect(&address.into()));
                socket
            })
            .collect();
        Self {
            address,
            _listener: listener,
            _queue: queue,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// An address that refuses: the port is ours, so that nobody else can take it, and nobody listens.
pub(crate) struct Refused {
    address: SocketAddr,
    _socket: Socket,
}

impl Refused {
    pub(crate) fn port() -> Self {
        let (socket, address) = bound();
        Self {
            address,
            _socket: socket,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any_port.into()).expect("a loopback port");
    let address = socket.local_addr().expect("a bound socket");
    (socket, address.as_socket().expect("an IPv4 address"))
}

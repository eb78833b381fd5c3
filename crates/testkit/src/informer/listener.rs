//! The listening socket, which can be closed and opened again at the same address.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket, sockopt::set_socket_reuseaddr};

use super::connection::Shared;

/// Where connections come in.
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    shared: Arc<Shared>,
    open: Mutex<Option<Open>>,
    /// Bound to the address and never listening: nobody else gets the port while it is closed.
    _hold: OwnedFd,
}

#[derive(Debug)]
struct Open {
    closing: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Door {
    pub(super) fn open(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Self> {
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let hold = socket(family, SocketType::STREAM, None)?;
        set_socket_reuseaddr(&hold, true)?;
        bind(&hold, &address)?;
        let address = SocketAddr::try_from(getsockname(&hold)?)?;
        let door = Self {
            address,
            shared,
            open: Mutex::new(None),
            _hold: hold,
        };
        door.stand_open(true)?;
        Ok(door)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens, or closes the socket. Returns when it is so.
    pub(super) fn stand_open(&self, wanted: bool) -> io::Result<()> {
        let mut open = self.open.lock().expect("no thread panics with it");
        match open.take() {
            None if wanted => *open = Some(self.accept()?),
            Some(accepting) if !wanted => {
                accepting.closing.store(true, Ordering::SeqCst);
                // `accept` has no other way to hear of it.
                drop(TcpStream::connect(SocketAddr::new(self.near(), self.address.port())));
                accepting.thread.join().expect("accepting does not panic");
            }
            as_it_is => *open = as_it_is,
        }
        Ok(())
    }

    fn near(&self) -> IpAddr {
        match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        }
    }

    fn accept(&self) -> io::Result<Open> {
        let listener = TcpListener::bind(self.address)?;
        let closing = Arc::new(AtomicBool::new(false));
        let (told, shared) = (Arc::clone(&closing), Arc::clone(&self.shared));
        let thread = thread::Builder::new().name("fake-informer".into()).spawn(move || {
            for stream in listener.incoming() {
                if told.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(stream) = stream {
                    shared.welcome(stream);
                }
            }
        })?;
        Ok(Open { closing, thread })
    }
}

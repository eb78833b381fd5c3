use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;
use tokio::net::TcpSocket;

/// An address that is taken, on which nothing is accepted yet.
pub(super) struct Bound {
    key: &'static str,
    address: SocketAddr,
    socket: TcpSocket,
}

/// Takes an address before anything else is made, so that a port in use leaves no trace. `key` is the setting that the address
/// came from.
pub(super) fn bind(key: &'static str, address: SocketAddr) -> anyhow::Result<Bound> {
    let bind = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        // A restart must not wait for the last connections' TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok::<_, std::io::Error>((socket.local_addr()?, socket))
    };
    let (bound, socket) = bind().with_context(|| failure(key, address))?;
    Ok(Bound {
        key,
        address: bound,
        socket,
    })
}

fn failure(key: &str, address: SocketAddr) -> String {
    format!("cannot listen on {address} ({key}): set {key} to an address and port that are free on this machine")
}

impl Bound {
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections from now on. `backlog` is the number that may wait.
    pub(super) fn listen(self, backlog: u32) -> anyhow::Result<TcpListener> {
        let listener = self.socket.listen(backlog).and_then(tokio::net::TcpListener::into_std);
        listener.with_context(|| failure(self.key, self.address))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    #[actix_web::test]
    async fn nothing_is_accepted_before_listening() {
        let bound = bind("http.listen", (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = bound.address();
        assert!(TcpStream::connect(address).is_err());
        let _listener = bound.listen(1).unwrap();
        TcpStream::connect(address).unwrap();
    }

    #[actix_web::test]
    async fn port_in_use_is_an_error_with_the_setting_to_change() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let error = format!(
            "{:#}",
            bind("http.metrics_listen", taken.local_addr().unwrap()).err().unwrap()
        );
        assert!(error.contains("set http.metrics_listen to"), "{error}");
    }
}

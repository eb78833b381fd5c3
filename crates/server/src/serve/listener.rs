use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;
use tokio::net::TcpSocket;

/// Listens with a backlog of one's own choice, before anything else is made: a port that is taken leaves no trace. `key` is the
/// setting that the address came from.
pub(super) fn bind(key: &str, address: SocketAddr, backlog: u32) -> anyhow::Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        // A restart must not wait for the last connections' TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(backlog)?.into_std()
    };
    listen().with_context(|| format!("cannot listen on {address} ({key})"))
}

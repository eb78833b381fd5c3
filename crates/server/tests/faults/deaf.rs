//! A way to Redis over which commands pass, and notices only until it goes deaf.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A proxy in front of a Redis.
pub(crate) struct Deaf {
    address: SocketAddr,
    deaf: Arc<AtomicBool>,
}

impl Deaf {
    /// In front of the Redis at this port; it lets everything pass for now.
    pub(crate) fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let deaf = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&deaf);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let subscribes = Arc::new(AtomicBool::new(false));
                let subscribed = Arc::clone(&subscribes);
                let heard = Arc::clone(&heard);
                thread::spawn(move || {
                    pass(client, to_server, |bytes| {
                        let text = bytes.to_ascii_uppercase();
                        if text.windows(9).any(|word| word == b"SUBSCRIBE") {
                            subscribes.store(true, Ordering::SeqCst);
                        }
                        true
                    });
                });
                thread::spawn(move || {
                    pass(server, to_client, |_| {
                        !(subscribed.load(Ordering::SeqCst) && heard.load(Ordering::SeqCst))
                    });
                });
            }
        });
        Self { address, deaf }
    }

    /// Where clients connect.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// From now on subscribers hear nothing, on connections that stay open; new ones get no answer.
    pub(crate) fn go_deaf(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }
}

/// Passes bytes on until one side ends; drops those that `let_pass` does not want.
fn pass(mut from: TcpStream, mut to: TcpStream, mut let_pass: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 || (let_pass(&buffer[..count]) && to.write_all(&buffer[..count]).is_err()) {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

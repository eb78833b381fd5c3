//! One kept-alive connection: a request, its answer, the next request.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::VirtualUser;
use super::http;

const READ: usize = 16 * 1024;

/// A request that was answered.
pub(super) struct Done {
    /// When it came up.
    pub(super) since: Instant,
    /// By 503.
    pub(super) refused: bool,
}

pub(super) struct Connection {
    stream: TcpStream,
    sending: Vec<u8>,
    sent: usize,
    received: Vec<u8>,
    filled: usize,
    /// When the request that is under way came up.
    since: Option<Instant>,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, registry: &Registry, token: Token) -> Result<Self> {
        let stream = std::net::TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            sending: Vec::with_capacity(2048),
            sent: 0,
            received: vec![0; READ],
            filled: 0,
            since: None,
        })
    }

    /// Sends the user's next request; false when there is none.
    pub(super) fn ask(&mut self, user: &mut dyn VirtualUser, since: Instant) -> Result<bool> {
        self.sending.clear();
        self.sent = 0;
        self.filled = 0;
        if !user.ask(&mut self.sending) {
            return Ok(false);
        }
        self.since = Some(since);
        self.send()?;
        Ok(true)
    }

    /// Goes on with what the socket is ready for.
    pub(super) fn go_on(&mut self, user: &mut dyn VirtualUser) -> Result<Option<Done>> {
        let Some(since) = self.since else {
            return Ok(None);
        };
        self.send()?;
        loop {
            let room = self.received.get_mut(self.filled..).unwrap_or_default();
            let space = room.len();
            let count = match self.stream.read(room) {
                Ok(0) => bail!("the server closed the connection without an answer"),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("reading an answer"),
            };
            self.filled += count;
            let received = self.received.get(..self.filled).unwrap_or_default();
            let heard = http::read(received, |answer| {
                let refused = answer.status == 503;
                if refused {
                    user.refused();
                } else {
                    user.hear(answer)?;
                }
                Ok(refused)
            })?;
            if let Some(refused) = heard {
                self.since = None;
                return Ok(Some(Done { since, refused }));
            }
            if self.filled == self.received.len() {
                self.received.resize(self.filled + READ, 0);
            } else if count < space {
                // Whatever comes later is told anew.
                return Ok(None);
            }
        }
    }

    fn send(&mut self) -> Result<()> {
        while self.sent < self.sending.len() {
            let rest = self.sending.get(self.sent..).unwrap_or_default();
            match self.stream.write(rest) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("sending a request"),
            }
        }
        Ok(())
    }
}

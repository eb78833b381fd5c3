//! A client's connection, bounded in memory and time whatever the client sends or leaves unread.

mod activity;

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

pub use activity::{Activity, answering, reading_body};

use crate::state::ServerLimits;

/// Number of connections closed because they exceeded a limit, by limit.
pub const CONNECTIONS_CLOSED: &str = "informer_oauth_connections_closed_total";

/// Bytes handed to the HTTP parser before the requests in them are answered. A parsed request takes 4 KiB, and the
/// shortest has 18 bytes.
const READ_AT_ONCE: usize = 2048;

/// Bytes read without a request in them, such as a body that the answer did not wait for.
const MAX_DISCARDED: usize = 1024 * 1024;

/// The slowest rate at which a client may read an answer, in bytes a second.
const SLOWEST_READER: u64 = 4096;

/// Time for actix to close an idle connection in order.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// A TCP stream with limits.
///
/// - It reads nothing while an answer is not yet written, and nothing while a handler runs that does not read the body.
/// - It fails once the client reads too slowly.
/// - It ends its input when the client takes too long to send a request, or sends too much that is none.
pub struct Connection {
    stream: TcpStream,
    limits: ServerLimits,
    activity: Rc<Activity>,
    /// Fires at `deadline()` or earlier.
    timer: Pin<Box<Sleep>>,
    /// Bytes that may be read before the next flush.
    readable: usize,
    /// True when a read was refused, so that the next flush has to wake the reader.
    refused_read: bool,
    /// The time until which a blocked write has to go on.
    write_deadline: Option<Instant>,
    /// The end of the last request.
    idle_since: Instant,
    /// The first byte after it.
    receiving_since: Option<Instant>,
    /// Bytes read since then.
    received: usize,
    expired: bool,
}

impl Connection {
    pub fn new(stream: TcpStream, limits: ServerLimits) -> Self {
        let now = Instant::now();
        Self {
            stream,
            limits,
            activity: Rc::default(),
            timer: Box::pin(sleep_until(now + limits.keep_alive + IDLE_GRACE)),
            readable: READ_AT_ONCE,
            refused_read: false,
            write_deadline: None,
            idle_since: now,
            receiving_since: None,
            received: 0,
            expired: false,
        }
    }

    /// What requests on this connection tell it.
    pub fn activity(&self) -> Rc<Activity> {
        Rc::clone(&self.activity)
    }

    fn deadline(&self) -> Instant {
        self.write_deadline.unwrap_or_else(|| {
            self.receiving_since.map_or_else(
                || self.idle_since + self.limits.keep_alive + IDLE_GRACE,
                |since| since + self.limits.head_timeout + self.limits.body_timeout,
            )
        })
    }

    /// Ready once the deadline has passed. The timer is moved only to an earlier time or after it has fired.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let deadline = self.deadline();
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    /// Ends the input, and wakes the reader to see it.
    fn expire(&mut self, limit: &'static str, cx: &Context<'_>) {
        if !self.expired {
            self.expired = true;
            counter!(CONNECTIONS_CLOSED, "limit" => limit).increment(1);
            cx.waker().wake_by_ref();
        }
    }

    /// Notes the state between requests, and starts its timer. Called when everything is written.
    fn rest(&mut self, cx: &mut Context<'_>) {
        if self.activity.is_answering() || self.expired {
            return;
        }
        if self.activity.take_begun() {
            self.idle_since = Instant::now();
            self.receiving_since = None;
            self.received = 0;
        } else if self.received > MAX_DISCARDED {
            self.expire("bytes", cx);
        } else if self.received > 0 && self.receiving_since.is_none() {
            self.receiving_since = Some(Instant::now());
        }
        if self.poll_deadline(cx).is_ready() {
            self.expire("time", cx);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.expired {
            return Poll::Ready(Ok(()));
        }
        if this.write_deadline.is_some() || !this.activity.may_read() {
            this.refused_read = true;
            return Poll::Pending;
        }
        if this.readable == 0 {
            // The next flush, which comes before the next read, allows more.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = this.readable.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(size));
        ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
        let count = part.filled().len();
        buffer.advance(count);
        this.readable -= count;
        if !this.activity.is_answering() {
            this.received = this.received.saturating_add(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let patience = this.limits.write_timeout;
        match Pin::new(&mut this.stream).poll_write(cx, bytes) {
            Poll::Ready(Ok(count)) => {
                if let Some(deadline) = &mut this.write_deadline {
                    let earned = Duration::from_millis(count as u64 * 1000 / SLOWEST_READER);
                    *deadline = (*deadline + earned).min(Instant::now() + patience);
                }
                Poll::Ready(Ok(count))
            }
            Poll::Pending => {
                this.write_deadline.get_or_insert_with(|| Instant::now() + patience);
                ready!(this.poll_deadline(cx));
                this.expire("unread", cx);
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    /// Called when the whole output is written, and after everything that could be read is dealt with.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.write_deadline = None;
        this.readable = READ_AT_ONCE;
        this.rest(cx);
        if this.refused_read && this.activity.may_read() {
            this.refused_read = false;
            cx.waker().wake_by_ref();
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

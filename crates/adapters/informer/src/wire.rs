//! HTTP/1.1 to one host: connections that are kept, and answers that are bounded.
//!
//! Nothing here follows a redirect, keeps a cookie or looks for a proxy: a request goes to the configured address, or nowhere.

use std::{
    fmt, io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::{
    Request,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header::{ACCEPT, AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use crate::tls;

/// The largest answer that is read, in bytes.
pub(crate) const LARGEST: usize = 256 * 1024;
/// The largest head of an answer, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;
/// How many requests may be under way; more wait for a turn, within their time.
const AT_ONCE: usize = 32;
/// For how long an idle connection is kept: shorter than servers do (Node.js: five seconds), so that few are found closed.
const IDLE: Duration = Duration::from_secs(4);

/// What is asked. The headers are marked as sensitive, so that their `Debug` says nothing.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The path below the base URL, with a slash at its beginning.
    pub(crate) path: String,
    pub(crate) credential: Credential,
}

/// In whose name.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    Nobody,
    Cookie(HeaderValue),
    Bearer(HeaderValue),
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// Why nothing did.
#[derive(Debug)]
pub(crate) enum WireError {
    /// There is no connection, or it broke: another may work.
    Connection(String),
    /// There was an answer, and it cannot be used.
    Answer(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(reason) | Self::Answer(reason) => f.write_str(reason),
        }
    }
}

/// One host, and the connections to it.
pub(crate) struct Wire {
    place: Place,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Headers of every request; `Host` is among them.
    headers: HeaderMap,
    /// What goes before every path.
    prefix: String,
    turns: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

enum Place {
    Name(String, u16),
    Address(std::net::SocketAddr),
}

struct Idle {
    sender: SendRequest<Empty<Bytes>>,
    since: Instant,
}

impl Wire {
    /// Towards a base URL, with these headers besides the usual ones. Nothing is connected yet.
    pub(crate) fn new(base: &Url, further: HeaderMap) -> Result<Self, String> {
        let port = base.port_or_known_default().ok_or("must have a port")?;
        let host = base.host().ok_or("must have a host")?;
        let place = match host {
            Host::Domain(name) => Place::Name(name.to_owned(), port),
            Host::Ipv4(address) => Place::Address((address, port).into()),
            Host::Ipv6(address) => Place::Address((address, port).into()),
        };
        let tls = if base.scheme() == "https" {
            let name = match &place {
                Place::Name(name, _) => ServerName::try_from(name.clone()).map_err(|error| error.to_string())?,
                Place::Address(address) => ServerName::from(address.ip()),
            };
            Some((tls::connector()?, name))
        } else {
            None
        };
        let authority = &base[Position::BeforeHost..Position::AfterPort];
        let authority = HeaderValue::from_str(authority).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::from_iter([
            (HOST, authority),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (
                USER_AGENT,
                HeaderValue::from_static(concat!("informer-oauth/", env!("CARGO_PKG_VERSION"))),
            ),
        ]);
        headers.extend(further);
        Ok(Self {
            place,
            tls,
            headers,
            prefix: base.path().trim_end_matches('/').to_owned(),
            turns: Semaphore::new(AT_ONCE),
            idle: Mutex::default(),
        })
    }

    /// One GET and its whole answer. The caller bounds the time.
    pub(crate) async fn exchange(&self, ask: &Ask) -> Result<Answer, WireError> {
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| WireError::Connection("it is being let go of".into()))?;
        // What was kept may have been closed at this very moment, which says nothing about Informer.
        while let Some(sender) = self.kept() {
            match self.send(sender, ask).await {
                Err(WireError::Connection(_)) => {}
                other => return other,
            }
        }
        let sender = self.connect().await?;
        self.send(sender, ask).await
    }

    fn kept(&self) -> Option<SendRequest<Empty<Bytes>>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| kept.since.elapsed() < IDLE && !kept.sender.is_closed());
        // The one that was used last: the others may then grow old.
        idle.pop().map(|kept| kept.sender)
    }

    fn keep(&self, sender: SendRequest<Empty<Bytes>>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < AT_ONCE {
            idle.push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }

    async fn send(&self, mut sender: SendRequest<Empty<Bytes>>, ask: &Ask) -> Result<Answer, WireError> {
        let request = self.request(ask)?;
        sender.ready().await.map_err(of_hyper)?;
        let answer = sender.send_request(request).await.map_err(of_hyper)?;
        let status = answer.status().as_u16();
        let body = read(answer.into_body()).await?;
        self.keep(sender);
        Ok(Answer { status, body })
    }

    fn request(&self, ask: &Ask) -> Result<Request<Empty<Bytes>>, WireError> {
        let mut request = Request::get(format!("{}{}", self.prefix, ask.path));
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
        }
        request = match &ask.credential {
            Credential::Nobody => request,
            Credential::Cookie(value) => request.header(COOKIE, value.clone()),
            Credential::Bearer(value) => request.header(AUTHORIZATION, value.clone()),
        };
        request
            .body(Empty::new())
            .map_err(|error| WireError::Answer(format!("the request cannot be written: {error}")))
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>, WireError> {
        let failed = |error: io::Error| WireError::Connection(format!("cannot connect: {error}"));
        let stream = match &self.place {
            Place::Name(name, port) => TcpStream::connect((name.as_str(), *port)).await,
            Place::Address(address) => TcpStream::connect(address).await,
        };
        let stream = stream.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        match &self.tls {
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                handshake(stream.map_err(failed)?).await
            }
            None => handshake(stream).await,
        }
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<Empty<Bytes>>, WireError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(LARGEST_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(of_hyper)?;
    tokio::spawn(async move {
        // Whoever waits for an answer hears of it, too.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to Informer ended");
        }
    });
    Ok(sender)
}

async fn read(body: Incoming) -> Result<Bytes, WireError> {
    match Limited::new(body, LARGEST).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(WireError::Answer(format!("its answer is larger than {LARGEST} bytes")))
        }
        Err(error) => match error.downcast::<hyper::Error>() {
            Ok(error) => Err(of_hyper(*error)),
            Err(error) => Err(WireError::Connection(error.to_string())),
        },
    }
}

/// What hyper says of an answer that is none is final; anything else happened to the connection.
fn of_hyper(error: hyper::Error) -> WireError {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
    if error.is_parse() || error.is_parse_status() || error.is_user() {
        WireError::Answer(format!("its answer is no HTTP: {error}{cause}"))
    } else {
        WireError::Connection(format!("the connection broke: {error}{cause}"))
    }
}

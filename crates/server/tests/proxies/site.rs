//! A service, an Informer and a proxy before them.

use informer_oauth_testkit::informer::{FakeInformer, SeenRequest};
use url::Url;

use crate::{
    proxy::{Kind, Proxy},
    raw,
    support::{Answer, Client, Http, Request, World},
};

pub(crate) struct Site {
    pub(crate) kind: Kind,
    pub(crate) world: World,
    pub(crate) informer: FakeInformer,
    pub(crate) proxy: Proxy,
    /// Speaks to the proxy.
    pub(crate) http: Http,
    client: Client,
}

impl Site {
    pub(crate) fn behind(kind: Kind) -> Self {
        Self::behind_with(kind, &[])
    }

    /// With settings of the service.
    pub(crate) fn behind_with(kind: Kind, settings: &[(&str, &str)]) -> Self {
        let proxies = ("INFORMER_OAUTH__HTTP__TRUSTED_PROXIES", r#"["127.0.0.1"]"#);
        let world = World::start_with(&[&[proxies], settings].concat());
        let informer = FakeInformer::start();
        let service = world.base_url().socket_addrs(|| None).unwrap()[0];
        let proxy = Proxy::start(kind, informer.address(), service);
        let http = Http::to(proxy.base.as_str());
        let client = world.public_client();
        Self {
            kind,
            world,
            informer,
            proxy,
            http,
            client,
        }
    }

    pub(crate) fn base(&self) -> &Url {
        &self.proxy.base
    }

    /// An access token of the administrator, with a scope.
    pub(crate) fn token(&self, scope: &str) -> String {
        self.world.tokens_with(&self.client, scope).access
    }

    /// Sends a request through the proxy, by an ordinary client, and what of it reached Informer.
    pub(crate) fn send(&self, request: Request) -> (Answer, Vec<SeenRequest>) {
        self.informer.forget_requests();
        let answer = self.http.send(request);
        (answer, self.informer.requests())
    }

    /// Sends bytes through the proxy, on a connection of their own: the first answer, if there is one, and what reached Informer.
    pub(crate) fn send_bytes(&self, bytes: impl AsRef<[u8]>) -> (Option<Answer>, Vec<SeenRequest>) {
        self.informer.forget_requests();
        let answer = raw::exchange(self.base(), bytes.as_ref(), 1).into_iter().next();
        (answer, self.informer.requests())
    }

    /// The same, with a last request after the bytes: when that is answered, whatever was hidden in them has been, too. What
    /// reached Informer but for the last.
    pub(crate) fn send_bytes_and_then(&self, bytes: &str) -> (Option<Answer>, Vec<SeenRequest>) {
        self.informer.forget_requests();
        let bytes = format!("{bytes}{}", head("GET", "/api/the-last", &[]));
        let answer = raw::exchange(self.base(), bytes.as_bytes(), 2).into_iter().next();
        let mut seen = self.informer.requests();
        seen.retain(|request| request.path != "/api/the-last");
        (answer, seen)
    }
}

/// The head of a request as bytes, for what no ordinary client would send. `lines` end it.
pub(crate) fn head(method: &str, target: &str, lines: &[&str]) -> String {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: bi.example\r\n");
    let own = lines
        .iter()
        .any(|line| line.to_ascii_lowercase().starts_with("connection:"));
    if !own {
        head.push_str("Connection: close\r\n");
    }
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head + "\r\n"
}

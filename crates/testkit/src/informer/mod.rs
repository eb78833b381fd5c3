//! A fake Informer: an HTTP server on a thread of its own with the endpoints that informer-oauth reads, a sign-in page,
//! and an API behind the gate that says what reached it.
//!
//! ```
//! use informer_oauth_testkit::informer::{Behaviour, FakeInformer, FakeUser};
//!
//! let informer = FakeInformer::start();
//! informer.set_user(FakeUser::named("anna").superuser());
//! let sid = informer.sign_in("anna");
//! println!("curl -b sid={sid} {}/api/sessions/{sid}", informer.url());
//! informer.behave(Behaviour::Failing(500));
//! ```
//!
//! | request | answer |
//! |---|---|
//! | `GET /login?return=PATH`, also `GET /` when signed out | the sign-in form |
//! | `POST /login` (`username`, `password`, `return`; `acting_for`: the user for whom a superuser acts) | the cookie `sid`, and 303 to `return` if that is a path of this site, else to `/`; 401 and the form again when something is wrong |
//! | `POST /logout` | ends the session of the cookie; 303 to `/` |
//! | `GET /api/sessions/{id}` | to the session's own cookie: `{id, username, active, expiresAt, user, parent, tenant}`; else 404 |
//! | `GET /api/users/{username}` | to the user's own or a superuser's cookie, or `Authorization: Bearer` with [`FakeInformer::api_token`]: `{username, displayName, email, permissions, enabled, locked, superuser, domain, tokenApi}`; 401, 403 or 404 else |
//! | `/api/datasets/{id}/_export?bytes=N` | N bytes of [`export_byte`], with a `Content-Length`, or with `&chunked=true` without one |
//! | `GET /api/socket` | a WebSocket (RFC 6455) that sends back what it gets; 426 without an upgrade |
//! | `GET /api/events?count=20&interval_ms=100` | server-sent events, one by one |
//! | anything else under `/api`, any method | 200, `{method, path, query, headers, bodyLength, bodySha256}`: what arrived |
//! | anything else | 404 |
//!
//! Errors have Hapi's shape: `{"statusCode":404,"error":"Not Found","message":"…"}`. In the echo, a header that came once
//! is a string and one that came several times a list; names are in lower case.
//!
//! As Informer behind a gate does, it believes the header `X-Informer-User`: a request that has it is one that the gate
//! has let through, and gets the echo also where there would be a session or a user to read.

mod behaviour;
mod connection;
mod listener;
mod login;
mod payload;
mod people;
mod routes;
mod socket;
mod wire;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

pub use self::{
    behaviour::Behaviour,
    payload::{export_byte, export_sha256},
    people::{FakeUser, PASSWORD},
    wire::SeenRequest,
};
use self::{
    connection::Shared,
    listener::Door,
    people::{People, random_hex},
};

/// How many of the latest requests [`FakeInformer::requests`] remembers.
pub const REMEMBERED_REQUESTS: usize = 10_000;

/// A running fake Informer. It stops when it is dropped.
#[derive(Debug)]
pub struct FakeInformer {
    shared: Arc<Shared>,
    door: Door,
}

impl FakeInformer {
    /// Starts one on a free port of 127.0.0.1, without users.
    ///
    /// # Panics
    ///
    /// When the system gives no port.
    pub fn start() -> Self {
        Self::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).expect("the system has a free port")
    }

    /// Starts one on an address; port 0 picks a free one. Without `api_token` it makes one up.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn listen(address: SocketAddr, api_token: Option<String>) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(api_token.unwrap_or_else(random_hex)));
        let door = Door::open(address, Arc::clone(&shared))?;
        Ok(Self { shared, door })
    }

    /// Where it listens, for instance `http://127.0.0.1:40321`.
    pub fn url(&self) -> String {
        let address = self.address();
        let host = match address {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            _ => address.ip(),
        };
        format!("http://{}", SocketAddr::new(host, address.port()))
    }

    /// The address that it is bound to. It stays the same while nothing listens there ([`Behaviour::Refusing`]).
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Adds a user, or replaces the one of that name. Sessions go on, as what the user is now.
    pub fn set_user(&self, user: FakeUser) {
        self.people(|people| people.set(user));
    }

    /// Removes a user, and ends the user's sessions.
    pub fn remove_user(&self, username: &str) {
        self.people(|people| people.remove(username));
    }

    /// Makes a session for a user, without asking for a password, and gives its id: the value of the cookie `sid`.
    ///
    /// # Panics
    ///
    /// When there is no such user.
    pub fn sign_in(&self, username: &str) -> String {
        self.people(|people| people.sign_in(username))
            .unwrap_or_else(|| panic!("the fake Informer has no user {username}"))
    }

    /// Ends a session: 404 from now on.
    pub fn end_session(&self, sid: &str) {
        self.people(|people| people.end_session(sid));
    }

    /// Keeps a session, which says `"active": false` from now on.
    pub fn deactivate_session(&self, sid: &str) {
        self.people(|people| people.change_session(sid, |session| session.active = false));
    }

    /// Keeps a session, whose `expiresAt` is a minute ago from now on.
    pub fn expire_session(&self, sid: &str) {
        self.people(|people| people.change_session(sid, people::Session::expire));
    }

    /// Keeps a session, in which `impersonator` acts for its user from now on: the member `parent`.
    pub fn impersonate(&self, sid: &str, impersonator: &str) {
        self.people(|people| people.change_session(sid, |session| session.parent = Some(impersonator.to_owned())));
    }

    /// Has tenants from now on, and serves this one: sessions name it, and are read like users only with the header
    /// `X-INF-TENANT` of that value.
    pub fn serve_tenant(&self, tenant: &str) {
        self.people(|people| people.tenant = Some(tenant.to_owned()));
    }

    /// Moves a session to another tenant.
    pub fn move_session(&self, sid: &str, tenant: &str) {
        self.people(|people| people.change_session(sid, |session| session.tenant = Some(tenant.to_owned())));
    }

    /// Keeps a session, whose document lacks this member from now on.
    pub fn leave_out_of_session(&self, sid: &str, member: &str) {
        self.people(|people| people.change_session(sid, |session| session.left_out.push(member.to_owned())));
    }

    /// What `Authorization: Bearer` must carry to read any user without a session.
    pub fn api_token(&self) -> String {
        self.shared.api_token.clone()
    }

    /// How it answers from now on. A request that hangs is given up; one that waits is answered.
    ///
    /// # Panics
    ///
    /// When it was [`Behaviour::Refusing`] and cannot listen again.
    pub fn behave(&self, behaviour: Behaviour) {
        let refuse = behaviour == Behaviour::Refusing;
        let sever = refuse || behaviour == Behaviour::Down;
        self.shared.behave(behaviour);
        self.door
            .stand_open(!refuse)
            .expect("the address is held while nothing listens");
        if sever {
            self.shared.sever();
        }
    }

    /// The requests that arrived, oldest first: the latest [`REMEMBERED_REQUESTS`], also those that got no answer.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared
            .seen
            .lock()
            .expect("no thread panics with it")
            .iter()
            .cloned()
            .collect()
    }

    /// Forgets the requests that arrived until now.
    pub fn forget_requests(&self) {
        self.shared.seen.lock().expect("no thread panics with it").clear();
    }

    fn people<T>(&self, with: impl FnOnce(&mut People) -> T) -> T {
        with(&mut self.shared.people.lock().expect("no thread panics with it"))
    }
}

impl Drop for FakeInformer {
    fn drop(&mut self) {
        self.shared.behave(Behaviour::Refusing);
        // Nobody is there to be told, and there is nothing to be done.
        let _ = self.door.stand_open(false);
        self.shared.sever();
    }
}

//! The service's side of every operation.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::grants::{Grants, TOKEN_ENDPOINT};
use crate::load::{self, Pace, Users};
use crate::measure::{Meter, Side};
use crate::operations::Operation;
use crate::run::Run;
use crate::service::Service;
use crate::users::{Expected, Fetching, Kept, Pending, Polling, Post, Starting, Stock, get};

pub(crate) const NAME: &str = "informer-oauth";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const JWKS: &str = "/.well-known/jwks.json";
const DEVICE_AUTHORIZATION: &str = "/oauth/device_authorization";

/// Grants that are refreshed in turn.
const REFRESHED: usize = 1_024;
/// Access tokens that are shown in turn.
const SHOWN: usize = 64;
const PATIENCE: Duration = Duration::from_secs(600);

/// The service with two clients of its own, a public and a confidential one.
pub(crate) struct Ours {
    pub(crate) service: Service,
    pub(crate) public: Grants,
    confidential: Grants,
    /// Grants of the public client that were made beforehand, to be refreshed.
    pub(crate) made: Kept,
    replicas: Vec<Service>,
}

impl Ours {
    /// Starts it on empty stores.
    pub(crate) fn start(run: &Run<'_>) -> Result<Self> {
        Self::around(Service::start(run.program, run.stores)?)
    }

    pub(crate) fn around(service: Service) -> Result<Self> {
        Ok(Self {
            public: Grants::new(&service, false)?,
            confidential: Grants::new(&service, true)?,
            made: Kept::default(),
            replicas: Vec::new(),
            service,
        })
    }

    /// Adds another replica, to be asked as often as the others.
    pub(crate) fn add_replica(&mut self) -> Result<()> {
        self.replicas.push(self.service.replica()?);
        Ok(())
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        std::iter::once(&self.service).chain(&self.replicas)
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>> {
        self.services().map(Service::address).collect()
    }

    fn meter(&self) -> Result<Meter> {
        let mut meter = self.service.meter()?;
        for replica in &self.replicas {
            meter.service.push(replica.pid()?);
        }
        Ok(meter)
    }

    /// Those who ask for the operation.
    pub(crate) fn side(&self, name: &str, operation: Operation, run: &Run<'_>) -> Result<Side<'_>> {
        let count = run.arguments.connections();
        let mut prepare: Box<dyn FnMut() -> Result<()> + '_> = Box::new(|| Ok(()));
        let users: Users = match operation {
            Operation::Refresh => {
                if self.made.refresh.borrow().is_empty() {
                    self.public.make(&self.made, REFRESHED)?;
                }
                self.public.refreshing(&self.made, count)
            }
            Operation::Confidential => {
                let made = Kept::default();
                self.confidential.make(&made, REFRESHED)?;
                self.confidential.refreshing(&made, count)
            }
            Operation::Code => {
                let (stock, wanted) = (Stock::default(), run.consumed());
                let users = (0..count).map(|_| Box::new(self.public.redeeming(&stock, None)) as _);
                let users = users.collect();
                prepare = Box::new(move || self.public.stock_up(&stock, wanted));
                users
            }
            Operation::Introspect => {
                let made = Kept::default();
                self.confidential.make(&made, SHOWN)?;
                let post = self.confidential.post("/oauth/introspect");
                introspecting(&made, count, &post)
            }
            Operation::Device => {
                let pending = Pending::default();
                let post = self.public.post(TOKEN_ENDPOINT);
                let users = (0..count).map(|_| Box::new(Polling::new(post.clone(), pending.clone())) as _);
                let users = users.collect();
                let (address, wanted) = (self.service.address()?, run.consumed());
                let start = self.public.post(DEVICE_AUTHORIZATION);
                prepare = Box::new(move || start_devices(address, &start, &pending, wanted));
                users
            }
            Operation::Gate | Operation::Jwks | Operation::Metadata => self.asked(operation)?.users(count),
        };
        Ok(Side {
            name: name.to_owned(),
            addresses: self.addresses()?,
            meter: self.meter()?,
            users,
            prepare,
        })
    }

    /// What is asked where asking changes nothing: the gate, and documents.
    pub(crate) fn asked(&self, operation: Operation) -> Result<Asked> {
        let document = |path, text| Asked {
            requests: vec![get(path, "")],
            expected: Expected {
                status: 200,
                text,
                field: None,
            },
            constant: true,
        };
        match operation {
            Operation::Jwks => Ok(document(JWKS, "\"keys\"")),
            Operation::Metadata => Ok(document(METADATA, "\"issuer\"")),
            Operation::Gate => {
                let made = Kept::default();
                self.public.make(&made, SHOWN)?;
                let tokens = made.access.borrow();
                let ask = |token: &String| {
                    let original = "X-Original-Method: GET\r\nX-Original-URI: /api/profile\r\n";
                    get("/oauth/verify", &format!("Authorization: Bearer {token}\r\n{original}"))
                };
                Ok(Asked {
                    requests: tokens.iter().map(ask).collect(),
                    expected: Expected {
                        status: 200,
                        text: "",
                        field: Some("X-Informer-User"),
                    },
                    constant: false,
                })
            }
            _ => bail!("{} changes what is kept", operation.title()),
        }
    }
}

/// Requests that are sent in turn, and how each is answered.
pub(crate) struct Asked {
    pub(crate) requests: Vec<Vec<u8>>,
    expected: Expected,
    /// Whether every answer is the same bytes.
    constant: bool,
}

impl Asked {
    /// So many who ask.
    pub(crate) fn users(self, count: usize) -> Users {
        asking(self.requests, count, &self.expected, self.constant)
    }
}

/// So many who send the same requests, each beginning with another one.
pub(crate) fn fetching(requests: Vec<Vec<u8>>, count: usize, text: &'static str, constant: bool) -> Users {
    let field = None;
    let status = 200;
    asking(requests, count, &Expected { status, text, field }, constant)
}

fn asking(requests: Vec<Vec<u8>>, count: usize, expected: &Expected, constant: bool) -> Users {
    let requests: Rc<[Vec<u8>]> = requests.into();
    (0..count)
        .map(|at| Box::new(Fetching::new(Rc::clone(&requests), at, expected.clone(), constant)) as _)
        .collect()
}

/// So many who introspect the tokens in turn.
pub(crate) fn introspecting(made: &Kept, count: usize, post: &Post) -> Users {
    let ask = |token: &String| {
        let mut request = Vec::new();
        post.write(&mut request, &["token=", token]);
        request
    };
    let requests = made.access.borrow().iter().map(ask).collect();
    fetching(requests, count, "\"active\":true", false)
}

/// Has this many device codes that may be polled.
pub(crate) fn start_devices(address: SocketAddr, start: &Post, pending: &Pending, count: usize) -> Result<()> {
    let missing = count.saturating_sub(pending.ready(Instant::now()));
    let wanted = Rc::new(RefCell::new(missing));
    let starting = || Starting {
        post: start.clone(),
        wanted: Rc::clone(&wanted),
        pending: pending.clone(),
    };
    let mut users: Users = (0..16).map(|_| Box::new(starting()) as _).collect();
    load::run(&[address], &mut users, PATIENCE, Pace::Full).context("starting device flows")?;
    if pending.ready(Instant::now()) < count {
        bail!("not all device flows could be started");
    }
    Ok(())
}

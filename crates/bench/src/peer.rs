//! node-oidc-provider: the same operations, by another implementation.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::arguments::PeerTokens;
use crate::browser::Browser;
use crate::grants::{CHALLENGE, REDIRECT_URI, further};
use crate::load::{self, Pace, Users};
use crate::measure::Meter;
use crate::pinning::Pinning;
use crate::process::Process;
use crate::stores::Stores;
use crate::users::{Client, Code, Kept, Post, Redeeming, Seen, Stock};

/// So many codes are asked for at once.
const AT_ONCE: usize = 500;
const PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    /// From its start until it first answered.
    pub(crate) started_in: Duration,
    /// Which it does not introspect.
    pub(crate) has_signed_tokens: bool,
    redis: Option<u32>,
    _folder: TempDir,
}

impl Peer {
    /// Starts it: on the Redis of the stores, or on a map of its own.
    pub(crate) fn start(pinning: Pinning, stores: Option<&Stores>, tokens: PeerTokens) -> Result<Self> {
        let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/peer/server.mjs"));
        let installed = script.with_file_name("node_modules");
        ensure!(
            installed.is_dir(),
            "{} is missing: `cargo xtask bench` installs it, `--no-peer` does without",
            installed.display()
        );
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let mut command = pinning.command("node".as_ref(), false);
        command.arg(script).env("NODE_ENV", "production").env(
            "PEER_ACCESS_TOKENS",
            match tokens {
                PeerTokens::Opaque => "opaque",
                PeerTokens::Jwt => "jwt",
            },
        );
        if let Some(stores) = stores {
            command.env("PEER_REDIS_URL", stores.redis_url());
        }
        let started = Instant::now();
        let process = Process::start(command, &folder.path().join("log"))?;
        Browser::to(process.address()).get("/jwks", "")?.is(200)?;
        Ok(Self {
            name: match stores {
                Some(_) => "node-oidc-provider, Redis",
                None => "node-oidc-provider, map",
            },
            has_signed_tokens: tokens == PeerTokens::Jwt,
            started_in: started.elapsed(),
            process,
            redis: stores.map(Stores::redis_pid),
            _folder: folder,
        })
    }

    /// Its version and the one of Node.js, for the report.
    pub(crate) fn condition(&self) -> Result<(String, String)> {
        let manifest = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/peer/node_modules/oidc-provider/package.json"
        );
        let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
        let version = manifest.get("version").and_then(|version| version.as_str());
        let node = Command::new("node")
            .arg("--version")
            .output()
            .context("the version of Node.js")?;
        let node = String::from_utf8_lossy(&node.stdout).trim().to_owned();
        let tokens = if self.has_signed_tokens { "signed" } else { "opaque" };
        let version = version.unwrap_or("unknown");
        Ok((
            "node-oidc-provider".into(),
            format!("{version} on Node.js {node}, {tokens} access tokens"),
        ))
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter {
            service: vec![self.process.pid()],
            postgres: None,
            redis: self.redis,
        }
    }

    /// One of the clients that it is set up with.
    pub(crate) fn client(confidential: bool) -> Client {
        let name = if confidential { "confidential" } else { "public" };
        Client {
            client_id: name.to_owned(),
            secret: confidential.then(|| "a-secret-of-the-bench".to_owned()),
            redirect_uri: REDIRECT_URI.to_owned(),
        }
    }

    /// Has this many codes of a client in stock.
    pub(crate) fn stock_up(&self, client: &Client, stock: &Stock, count: usize) -> Result<()> {
        let further: Rc<str> = further(client).into();
        loop {
            let missing = count.saturating_sub(stock.borrow().len()).min(AT_ONCE);
            if missing == 0 {
                return Ok(());
            }
            let id = &client.client_id;
            let path = format!("/bench/codes?client={id}&challenge={}&count={missing}", *CHALLENGE);
            let page = Browser::to(self.process.address()).get(&path, "")?;
            let codes = page.is(200)?.body.lines().map(|code| Code {
                code: code.to_owned(),
                further: Rc::clone(&further),
            });
            stock.borrow_mut().extend(codes);
        }
    }

    /// Makes so many grants.
    pub(crate) fn make(&self, client: &Client, kept: &Kept, count: usize) -> Result<()> {
        let stock = Rc::new(RefCell::default());
        self.stock_up(client, &stock, count)?;
        let redeeming = || Redeeming {
            post: Post::new("/token", client),
            stock: stock.clone(),
            seen: Seen::default(),
            kept: Some(kept.clone()),
        };
        let mut users: Users = (0..8).map(|_| Box::new(redeeming()) as _).collect();
        load::run(&[self.process.address()], &mut users, PATIENCE, Pace::Full)
            .context("redeeming codes of the peer")?;
        Ok(())
    }
}

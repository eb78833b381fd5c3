//! Clients, codes and tokens, made over HTTP as anybody would.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::browser::{Browser, encoded};
use crate::load::{self, Pace, Users};
use crate::service::{ADMINISTRATOR, PASSWORD, Service};
use crate::users::{Authorizing, Client, Kept, Post, Redeeming, Refreshing, Seen, Stock};

/// Longer than making any number of codes takes.
const PATIENCE: Duration = Duration::from_secs(600);
pub(crate) const REDIRECT_URI: &str = "https://app.example/callback";
const VERIFIER: &str = "0123456789-0123456789-0123456789-0123456789-0123456789";
/// S256 of the verifier (RFC 7636 §4.2).
pub(crate) static CHALLENGE: LazyLock<String> = LazyLock::new(|| URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)));

/// What a redemption of a code needs besides it.
pub(crate) fn further(client: &Client) -> String {
    format!(
        "redirect_uri={}&code_verifier={VERIFIER}",
        encoded(&client.redirect_uri)
    )
}

/// How many ask at once while things are got ready.
const AT_ONCE: usize = 16;
pub(crate) const TOKEN_ENDPOINT: &str = "/oauth/token";

/// A signed-in administrator of the service, and a client of hers.
pub(crate) struct Grants {
    address: SocketAddr,
    pub(crate) client: Client,
    request: Rc<[u8]>,
    further: Rc<str>,
    pub(crate) seen: Seen,
}

impl Grants {
    /// Signs in, registers a client, public or confidential, and consents to it once.
    pub(crate) fn new(service: &Service, confidential: bool) -> Result<Self> {
        let address = service.address()?;
        let mut browser = signed_in(address)?;
        let client = register(&mut browser, confidential)?;
        let challenge = CHALLENGE.as_str();
        let decision = json!({
            "response_type": "code", "client_id": client.client_id, "redirect_uri": client.redirect_uri,
            "state": "a state", "code_challenge": challenge, "code_challenge_method": "S256", "approve": true,
        });
        browser
            .post_json("/api/oauth/authorize", &decision)?
            .is(200)
            .context("consenting")?;
        let query = format!(
            "response_type=code&client_id={}&redirect_uri={}&state=s&code_challenge={challenge}&code_challenge_method=S256",
            client.client_id,
            encoded(&client.redirect_uri)
        );
        let request = format!(
            "GET /oauth/authorize?{query} HTTP/1.1\r\nHost: {address}\r\nAccept: text/html\r\n{}\r\n",
            browser.cookie_field()
        );
        let further = further(&client);
        Ok(Self {
            address,
            client,
            request: request.into_bytes().into(),
            further: further.into(),
            seen: Seen::default(),
        })
    }

    /// The client's requests to an endpoint.
    pub(crate) fn post(&self, path: &str) -> Post {
        Post::new(path, &self.client)
    }

    /// Has this many codes in stock.
    pub(crate) fn stock_up(&self, stock: &Stock, count: usize) -> Result<()> {
        let missing = count.saturating_sub(stock.borrow().len());
        let wanted = Rc::new(RefCell::new(missing));
        let asking = || Authorizing {
            request: Rc::clone(&self.request),
            further: Rc::clone(&self.further),
            wanted: Rc::clone(&wanted),
            stock: stock.clone(),
        };
        let mut users: Users = (0..AT_ONCE).map(|_| Box::new(asking()) as _).collect();
        load::run(&[self.address], &mut users, PATIENCE, Pace::Full).context("making codes")?;
        ensure!(stock.borrow().len() >= count, "not all codes could be made");
        Ok(())
    }

    /// Somebody who redeems the codes of a stock.
    pub(crate) fn redeeming(&self, stock: &Stock, kept: Option<&Kept>) -> Redeeming {
        Redeeming {
            post: self.post(TOKEN_ENDPOINT),
            stock: stock.clone(),
            seen: self.seen.clone(),
            kept: kept.cloned(),
        }
    }

    /// Makes so many grants more.
    pub(crate) fn make(&self, kept: &Kept, count: usize) -> Result<()> {
        let stock = Stock::default();
        self.stock_up(&stock, count)?;
        let mut users: Users = (0..AT_ONCE)
            .map(|_| Box::new(self.redeeming(&stock, Some(kept))) as _)
            .collect();
        load::run(&[self.address], &mut users, PATIENCE, Pace::Full).context("redeeming codes")?;
        Ok(())
    }

    /// So many who refresh, among whom the grants are dealt out.
    pub(crate) fn refreshing(&self, kept: &Kept, users: usize) -> Users {
        let chains = kept.dealt(users);
        let user = |chains| Refreshing::new(self.post(TOKEN_ENDPOINT), chains, self.seen.clone());
        chains.into_iter().map(|chains| Box::new(user(chains)) as _).collect()
    }
}

fn signed_in(address: SocketAddr) -> Result<Browser> {
    const PAGE: &str = "/oauth/sign-in";
    let mut browser = Browser::to(address);
    let page = browser.get(PAGE, "Accept: text/html\r\n")?;
    let form = page.is(200)?.body.split_once(r#"name="form" value=""#);
    let form = form
        .and_then(|(_, rest)| rest.split_once('"'))
        .context("no sign-in form")?
        .0;
    let fields = [("form", form), ("username", ADMINISTRATOR), ("password", PASSWORD)];
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    browser
        .post_form(PAGE, &pairs.join("&"))?
        .is(303)
        .context("signing in")?;
    Ok(browser)
}

fn register(browser: &mut Browser, confidential: bool) -> Result<Client> {
    let fields = json!({
        "name": "Measured", "redirect_uri": [REDIRECT_URI], "pkce": true, "enableRefreshTokens": true,
    });
    let made = browser.post_json("/api/oauth-clients", &fields)?.is(201)?.json()?;
    let text = |name: &str| made.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let client_id = text("client_id").context("no client_id")?;
    let mut secret = None;
    if confidential {
        let path = format!("/api/oauth-clients/{client_id}/secrets");
        let made = browser.post_json(&path, &json!({}))?.is(201)?.json()?;
        let text = made.get("secret").and_then(|value| value.as_str());
        secret = Some(text.context("no secret")?.to_owned());
    }
    Ok(Client {
        client_id,
        secret,
        redirect_uri: REDIRECT_URI.to_owned(),
    })
}

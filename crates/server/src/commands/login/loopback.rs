//! The authorization code flow of a native app (RFC 8252 §7.3): this computer's browser comes back to a port of 127.0.0.1.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::pkce::CodeVerifier;
use informer_oauth_ports::Entropy as _;
use tokio::time::timeout;

use super::{
    Ask, browser,
    callback::{Callback, Returned},
    issuer::{Issuer, Tokens, post, refusal},
    screen::{Screen, clock},
};

/// How long the browser may take to come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// 256 random bits in base62; also the shortest code verifier there is (RFC 7636 §4.1).
const CHARACTERS: usize = 43;

pub(super) async fn sign_in(issuer: &Issuer, ask: &Ask, screen: &Screen) -> anyhow::Result<Tokens> {
    let endpoint = issuer.for_browsers()?;
    let callback = Callback::listen().await?;
    let redirect_uri = callback.redirect_uri().to_owned();
    let state = SystemEntropy.base62(CHARACTERS);
    let verifier = SystemEntropy.base62(CHARACTERS);
    let challenge = CodeVerifier::parse(&verifier)
        .context("43 base62 characters are a code verifier")?
        .challenge();
    let mut address = endpoint.clone();
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &ask.client_id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("state", &state)
        .append_pair("code_challenge", challenge.as_str())
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(ask.scope.iter().map(|scope| ("scope", scope)));
    let opened = browser::open(&address).await;
    let words = if opened {
        "Your browser shows a page to sign in on. If it does not, open this address on this computer:"
    } else {
        "To sign in, open this address in a browser on this computer:"
    };
    screen.say(&format!("{words}\n\n    {address}\n"));
    let deadline = Instant::now() + PATIENCE;
    let waiting = || {
        let left = deadline.saturating_duration_since(Instant::now());
        format!("Waiting for the browser to come back, for {}", clock(left))
    };
    if !screen.is_live() {
        screen.say("Waiting for the browser to come back.");
    }
    let returned = screen.spin(waiting, timeout(PATIENCE, callback.wait(&state))).await;
    let Ok(returned) = returned else {
        bail!("the browser did not come back in time; run the command again");
    };
    let code = judge(issuer, &returned?)?;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &redirect_uri),
        ("client_id", &ask.client_id),
        ("code_verifier", &verifier),
    ];
    let answer = post(&issuer.token_endpoint, &fields).await?;
    Tokens::read(answer.granted(&issuer.token_endpoint)?)
}

/// The code, if the answer is this issuer's (RFC 9207 §2.4) and a yes.
fn judge(issuer: &Issuer, returned: &Returned) -> anyhow::Result<String> {
    match returned.get("iss") {
        Some(named) => ensure!(
            named == issuer.name(),
            "the browser brought an answer of another issuer, {named:?}: nobody is signed in"
        ),
        None => ensure!(
            !issuer.names_itself,
            "the browser brought an answer that does not say whose it is: nobody is signed in"
        ),
    }
    match (returned.get("error"), returned.get("code")) {
        (Some("access_denied"), _) => bail!("it was denied: nobody is signed in"),
        (Some(error), _) => {
            let description = returned.get("error_description").unwrap_or_default();
            bail!("{}", refusal(error, description))
        }
        (None, Some(code)) => Ok(code.to_owned()),
        (None, None) => bail!("the browser brought neither a code nor an error"),
    }
}

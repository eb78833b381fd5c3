//! The device flow (RFC 8628), as the device.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

use super::{
    Ask,
    issuer::{Issuer, Reply, Tokens, post, refusal},
    screen::{Screen, clock, in_words},
};
use crate::output::plain;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How much slower polling gets when it is too fast (§3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The most that polling slows down to while the service cannot be reached.
const SLOWEST: Duration = Duration::from_secs(60);

/// How many lines the prompt has, where there is room for it.
const PROMPT: usize = 9;

/// The longest lifetime that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The device authorization endpoint's answer (§3.2).
#[derive(Deserialize)]
struct Authorization {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    #[serde(default = "five")]
    interval: u64,
}

const fn five() -> u64 {
    5
}

pub(super) async fn sign_in(issuer: &Issuer, ask: &Ask, screen: &Screen) -> anyhow::Result<Tokens> {
    let endpoint = issuer.for_devices()?;
    let mut fields = vec![("client_id", ask.client_id.as_str())];
    fields.extend(ask.scope.as_deref().map(|scope| ("scope", scope)));
    let answer = post(endpoint, &fields).await?.granted(endpoint)?;
    let authorization: Authorization =
        serde_json::from_value(Value::Object(answer)).with_context(|| format!("{endpoint}: its answer"))?;
    let lifetime = Duration::from_secs(authorization.expires_in).min(LONGEST);
    let deadline = Instant::now() + lifetime;
    show(&authorization, lifetime, screen);
    let left = || deadline.saturating_duration_since(Instant::now());
    let waiting = || format!("Waiting for you to allow it; the code is good for {}", clock(left()));
    screen
        .spin(waiting, poll(issuer, ask, &authorization, left, screen))
        .await
}

fn show(authorization: &Authorization, lifetime: Duration, screen: &Screen) {
    let (address, code) = (plain(&authorization.verification_uri), plain(&authorization.user_code));
    let complete = authorization.verification_uri_complete.as_ref();
    let compare = complete.map_or("", |_| ", and compare the code");
    let picture = screen.qr_code(complete.unwrap_or(&authorization.verification_uri));
    let prompt =
        format!("To sign in, open this address, on any device:\n\n    {address}\n\nand enter the code\n\n    {code}\n");
    // The spinner's line is below all of this, and nothing must be pushed out at the top.
    let room = |prompt: usize, picture: &str| screen.has_room_for(prompt + picture.lines().count() + 2);
    screen.say(&match picture {
        Some(picture) if room(PROMPT + 2, &picture) => format!("{prompt}\nor scan this{compare}:\n\n{picture}"),
        Some(picture) if room(1, &picture) => {
            format!("Open {address} and enter {code}, or scan this{compare}:\n{picture}")
        }
        _ => prompt,
    });
    if !screen.is_live() {
        let lifetime = in_words(lifetime);
        screen.say(&format!(
            "Waiting for you to allow it; the code is good for {lifetime}."
        ));
    }
}

async fn poll(
    issuer: &Issuer,
    ask: &Ask,
    authorization: &Authorization,
    left: impl Fn() -> Duration,
    screen: &Screen,
) -> anyhow::Result<Tokens> {
    let fields = [
        ("grant_type", GRANT),
        ("device_code", &authorization.device_code),
        ("client_id", &ask.client_id),
    ];
    let mut interval = Duration::from_secs(authorization.interval.max(1));
    let mut pause = interval;
    let mut reachable = true;
    while !left().is_zero() {
        sleep(pause.min(left())).await;
        pause = interval;
        let reply = post(&issuer.token_endpoint, &fields).await?;
        if let Reply::Away(error) = &reply
            && reachable
        {
            screen.say(&format!("{error:#}; it is tried again"));
        }
        reachable = !matches!(reply, Reply::Away(_));
        match reply {
            Reply::Granted(answer) => return Tokens::read(answer),
            Reply::Away(_) => {
                // Less and less often, as §3.5 asks.
                interval = (interval * 2).min(SLOWEST.max(interval));
                pause = interval;
            }
            Reply::Later(after) => pause = after.unwrap_or(interval * 2).clamp(interval, SLOWEST.max(interval)),
            Reply::Refused { error, description } => match error.as_str() {
                "authorization_pending" => {}
                "slow_down" => {
                    interval += SLOWER;
                    pause = interval;
                }
                "access_denied" => bail!("it was denied: nobody is signed in"),
                "expired_token" => break,
                _ => bail!("{}", refusal(&error, &description)),
            },
        }
    }
    bail!("the code ran out before anybody allowed it; run the command again for a new one")
}

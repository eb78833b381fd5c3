//! The way through the whole job, each answer compared with what it should be.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use informer_oauth_crypto::SystemEntropy;
use informer_oauth_domain::{pkce::CodeVerifier, secret::Secret};
use informer_oauth_ports::Entropy as _;
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    guide::{Guide, Step},
    request::Request,
};
use crate::{
    cli::INFORMER_CLI,
    outbound::{self, Answer},
};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Where the browser brings the code. Nothing listens there, and nothing needs to: the code is in the answer.
const CALLBACK: &str = "http://127.0.0.1:5000/callback";
const SCOPE: &str = "read:dataset read:profile";

/// How much of a text is shown that nobody reads.
const BEGINNING: usize = 12;

/// What of an answer is shown.
#[derive(Clone, Copy)]
enum Show {
    /// The JSON, or nothing where there is none.
    Whole,
    /// These of its members.
    Members(&'static [&'static str]),
    /// These headers.
    Headers(&'static [&'static str]),
    /// In words, since it is a page.
    As(&'static str),
}

/// What came back.
struct Seen {
    answer: Answer,
    json: Value,
}

impl Seen {
    fn text(&self, member: &str) -> anyhow::Result<&str> {
        let found = self.json.get(member).and_then(Value::as_str);
        found.with_context(|| format!("there is no {member} in the answer"))
    }
}

/// The two tokens of a grant.
struct Tokens {
    access: String,
    refresh: String,
}

pub(super) struct Walk {
    base: String,
    guide: Guide,
    cookies: BTreeMap<String, String>,
    variables: Vec<(&'static str, String)>,
}

impl Walk {
    /// Along the service at `base`.
    pub(super) const fn new(base: String, guide: Guide) -> Self {
        Self {
            base,
            guide,
            cookies: BTreeMap::new(),
            variables: Vec::new(),
        }
    }

    /// Goes all the way, or as far as the answers are as they should be.
    pub(super) fn run(mut self, password: &Secret) -> anyhow::Result<Guide> {
        self.metadata()?;
        self.sign_in(password)?;
        let client_id = self.client()?;
        let (code, verifier) = self.consent(&client_id)?;
        let tokens = self.tokens(&client_id, &code, &verifier)?;
        self.gate(&tokens)?;
        let successor = self.refresh(&client_id, &tokens)?;
        self.replay(&client_id, &tokens, &successor)?;
        let tokens = self.device()?;
        self.revoke(&tokens)?;
        Ok(self.guide)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends a request, shows it with its answer, and stops unless the status is as expected.
    fn ask(&mut self, about: &str, request: &Request, status: u16, show: Show) -> anyhow::Result<Seen> {
        let (kind, body) = request.encoded();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        headers.extend(kind.map(|kind| ("Content-Type", kind)));
        if request.cookies && !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        let url = Url::parse(&request.url)?;
        let answer = outbound::send(&url, request.method, &headers, body.as_bytes());
        let answer = answer.with_context(|| format!("{about}: {url} does not answer"))?;
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie
                .to_str()
                .unwrap_or_default()
                .split(';')
                .next()
                .unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        self.guide.step(Step {
            about: about.to_owned(),
            request: request.curl(&self.variables),
            status: answer.status,
            answer: shown(&answer, &json, show),
        })?;
        ensure!(
            answer.status == status,
            "{about}: this should have been answered {status}, not {}",
            answer.status
        );
        Ok(Seen { answer, json })
    }

    /// Keeps a long value, which later lines name.
    fn name(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
    }

    fn metadata(&mut self) -> anyhow::Result<()> {
        self.guide.heading(
            "What clients look for first",
            "The server's metadata (RFC 8414): every endpoint and capability that it has.",
        )?;
        let request = Request::get(self.url("/.well-known/oauth-authorization-server"));
        let members = &[
            "issuer",
            "authorization_endpoint",
            "token_endpoint",
            "device_authorization_endpoint",
        ];
        let seen = self.ask("metadata", &request, 200, Show::Members(members))?;
        ensure!(seen.text("issuer")? == self.base, "metadata: the issuer is another one");
        Ok(())
    }

    fn sign_in(&mut self, password: &Secret) -> anyhow::Result<()> {
        self.guide.heading(
            "The administrator signs in",
            "As a browser would: the page has a hidden field, and the form brings it back.",
        )?;
        let page = Request::get(self.url("/oauth/sign-in")).in_browser(&self.base);
        let seen = self.ask(
            "the sign-in page",
            &page,
            200,
            Show::As("a page, whose hidden field is $form"),
        )?;
        let html = String::from_utf8_lossy(&seen.answer.body);
        let token = html
            .split_once(r#"name="form" value=""#)
            .and_then(|(_, rest)| rest.split_once('"'));
        let token = token.context("the sign-in page has no form")?.0.to_owned();
        self.name("form", &token);
        self.name("password", password.expose());
        let fields = [
            ("form", token.as_str()),
            ("username", "admin"),
            ("password", password.expose()),
        ];
        let form = Request::form(self.url("/oauth/sign-in"), &fields).in_browser(&self.base);
        self.ask("signing in", &form, 303, Show::Headers(&["location"]))?;
        Ok(())
    }

    fn client(&mut self) -> anyhow::Result<String> {
        self.guide.heading(
            "A client is registered",
            "An application that wants tokens. Without a secret it is public, and has to use PKCE.",
        )?;
        let profile = json!({
            "name": "Sales Board",
            "redirect_uri": ["http://127.0.0.1/callback"],
            "scope": SCOPE.split(' ').collect::<Vec<_>>(),
            "pkce": true,
            "enableRefreshTokens": true,
        });
        let request = Request::json(self.url("/api/oauth-clients"), profile).in_browser(&self.base);
        let seen = self.ask(
            "a client",
            &request,
            201,
            Show::Members(&["client_id", "name", "scope", "pkce"]),
        )?;
        Ok(seen.text("client_id")?.to_owned())
    }

    fn consent(&mut self, client_id: &str) -> anyhow::Result<(String, String)> {
        self.guide.heading(
            "A person allows it something",
            "People do this on a page, /oauth/authorize; this is the same decision as JSON. The answer is where the browser goes on.",
        )?;
        let (verifier, state) = (SystemEntropy.base62(43), SystemEntropy.base62(8));
        let challenge = CodeVerifier::parse(&verifier)
            .context("43 base62 characters are a code verifier")?
            .challenge();
        let decision = json!({
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge.as_str(),
            "code_challenge_method": "S256",
            "approve": true,
        });
        let request = Request::json(self.url("/api/oauth/authorize"), decision).in_browser(&self.base);
        let seen = self.ask("consent", &request, 200, Show::Whole)?;
        let onward = Url::parse(seen.text("redirect_uri")?)?;
        let brought: BTreeMap<_, _> = onward.query_pairs().collect();
        ensure!(
            onward.as_str().starts_with(CALLBACK),
            "consent: the browser would go elsewhere"
        );
        ensure!(
            brought.get("state").is_some_and(|brought| *brought == state),
            "consent: the state is not ours"
        );
        ensure!(
            brought.get("iss").is_some_and(|iss| *iss == self.base),
            "consent: another issuer answers"
        );
        let code = brought.get("code").context("consent: there is no code")?;
        Ok((code.to_string(), verifier))
    }

    fn tokens(&mut self, client_id: &str, code: &str, verifier: &str) -> anyhow::Result<Tokens> {
        self.guide.heading(
            "The client gets its tokens",
            "For the code, once, and with the verifier that only whoever began can know.",
        )?;
        let request = Request::form(
            self.url("/oauth/token"),
            &[
                ("grant_type", "authorization_code"),
                ("client_id", client_id),
                ("code", code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", verifier),
            ],
        );
        let seen = self.ask("tokens", &request, 200, Show::Whole)?;
        ensure!(seen.text("scope")? == SCOPE, "tokens: they are for something else");
        self.keep(&seen)
    }

    /// The tokens of an answer, which later lines name.
    fn keep(&mut self, seen: &Seen) -> anyhow::Result<Tokens> {
        let tokens = Tokens {
            access: seen.text("access_token")?.to_owned(),
            refresh: seen.text("refresh_token")?.to_owned(),
        };
        self.name("access_token", &tokens.access);
        self.name("refresh_token", &tokens.refresh);
        Ok(tokens)
    }

    fn gate(&mut self, tokens: &Tokens) -> anyhow::Result<()> {
        self.guide.heading(
            "The gate lets it read, and not delete",
            "A proxy in front of Informer asks this for every request; the scope decides.",
        )?;
        let shown = Show::Headers(&["x-informer-user", "x-informer-scope"]);
        self.pass("GET", &tokens.access, 200, shown)?;
        self.pass("DELETE", &tokens.access, 403, Show::Whole)
    }

    fn pass(&mut self, method: &str, token: &str, status: u16, show: Show) -> anyhow::Result<()> {
        let request = Request::get(self.url("/oauth/verify"))
            .with("Authorization", format!("Bearer {token}"))
            .with("X-Original-Method", method)
            .with("X-Original-URI", "/api/datasets/sales");
        self.ask("the gate", &request, status, show)?;
        Ok(())
    }

    fn refreshment(&self, client_id: &str, refresh_token: &str) -> Request {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", refresh_token),
        ];
        Request::form(self.url("/oauth/token"), &fields)
    }

    fn refresh(&mut self, client_id: &str, tokens: &Tokens) -> anyhow::Result<Tokens> {
        self.guide.heading(
            "It refreshes",
            "A new access token after 15 minutes at the latest, and a new refresh token every time: each works once.",
        )?;
        let request = self.refreshment(client_id, &tokens.refresh);
        let seen = self.ask("refreshing", &request, 200, Show::Whole)?;
        self.variables.push(("old_refresh_token", tokens.refresh.clone()));
        let successor = self.keep(&seen)?;
        ensure!(
            successor.refresh != tokens.refresh,
            "refreshing: the refresh token is the same"
        );
        Ok(successor)
    }

    fn replay(&mut self, client_id: &str, tokens: &Tokens, successor: &Tokens) -> anyhow::Result<()> {
        self.guide.heading(
            "Somebody comes with the old one",
            "Two parties hold the family now, and nobody can say who is the thief: it ends for both.",
        )?;
        let request = self.refreshment(client_id, &tokens.refresh);
        let seen = self.ask("a replay", &request, 400, Show::Whole)?;
        ensure!(
            seen.text("error")? == "invalid_grant",
            "a replay: it is refused for another reason"
        );
        self.pass("GET", &successor.access, 401, Show::Whole)
    }

    fn device(&mut self) -> anyhow::Result<Tokens> {
        self.guide.heading(
            "A device without a browser",
            "It shows a code (RFC 8628); a person enters it on another device, at /oauth/device or, as here, through the API.",
        )?;
        let request = Request::form(
            self.url("/oauth/device_authorization"),
            &[("client_id", INFORMER_CLI), ("scope", "read:report")],
        );
        let members = &["user_code", "verification_uri", "expires_in", "interval"];
        let seen = self.ask("a device asks", &request, 200, Show::Members(members))?;
        let (user_code, device_code) = (seen.text("user_code")?.to_owned(), seen.text("device_code")?.to_owned());
        let decision = json!({ "user_code": user_code, "approve": true });
        let request = Request::json(self.url("/api/oauth/authorize_device"), decision).in_browser(&self.base);
        self.ask("a person allows it", &request, 204, Show::Whole)?;
        let fields = [
            ("grant_type", DEVICE_GRANT),
            ("client_id", INFORMER_CLI),
            ("device_code", &device_code),
        ];
        let request = Request::form(self.url("/oauth/token"), &fields);
        let seen = self.ask("the device gets its tokens", &request, 200, Show::Whole)?;
        self.keep(&seen)
    }

    fn revoke(&mut self, tokens: &Tokens) -> anyhow::Result<()> {
        self.guide.heading(
            "It is given back",
            "Revoking either token (RFC 7009) ends both, at once. People do the same at /oauth/applications.",
        )?;
        let fields = [("client_id", INFORMER_CLI), ("token", tokens.refresh.as_str())];
        let request = Request::form(self.url("/oauth/revoke"), &fields);
        self.ask("revoking", &request, 200, Show::Whole)?;
        self.pass("GET", &tokens.access, 401, Show::Whole)
    }
}

fn shown(answer: &Answer, json: &Value, show: Show) -> String {
    match show {
        Show::As(words) => words.to_owned(),
        Show::Headers(names) => {
            let header = |name: &&str| Some(format!("{name}: {}", answer.header(name)?));
            names.iter().filter_map(header).collect::<Vec<_>>().join(", ")
        }
        Show::Members(names) => {
            let Value::Object(members) = json else {
                return shown(answer, json, Show::Whole);
            };
            let kept = names
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone())));
            let mut kept: Map<String, Value> = kept.collect();
            if kept.len() < members.len() {
                kept.insert("…".into(), "…".into());
            }
            one_line(&Value::Object(kept))
        }
        Show::Whole => match json {
            Value::Null => String::new(),
            other => one_line(other),
        },
    }
}

/// JSON in one line with room in it, long tokens cut: `{"access_token": "eyJ0eXAiOiJh…"}`.
fn one_line(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("\"{name}\": {}", one_line(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        Value::String(text) if is_token(text) => {
            format!("\"{}…\"", text.chars().take(BEGINNING).collect::<String>())
        }
        other => other.to_string(),
    }
}

/// Whether a text is a JWT (RFC 7519 §3).
fn is_token(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(|part| part.chars().all(plain))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::*;
    use crate::{cli::OutputFormat, output::Output};

    #[test]
    fn an_answer_that_is_not_as_it_should_be_ends_the_walk() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let answers = [
                "200 OK\r\nContent-Length: 23\r\n\r\n{\"issuer\":\"http://b.c\"}",
                "503 Gone\r\nContent-Length: 0\r\n\r\n",
            ];
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).unwrap();
            }
        });
        let walk = || Walk::new(base.clone(), Guide::new(Output::new(OutputFormat::Json)));
        let stopped = |walk: Walk| walk.run(&Secret::new("x".into())).map(|_| ()).unwrap_err().to_string();
        assert_eq!(stopped(walk()), "metadata: the issuer is another one");
        assert_eq!(stopped(walk()), "metadata: this should have been answered 200, not 503");
    }

    #[test]
    fn tokens_are_shown_by_their_beginning_and_everything_else_whole() {
        let value = json!({ "access_token": "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2ln", "n": [1, "eyJ"], "scope": "a b" });
        assert_eq!(
            one_line(&value),
            r#"{"access_token": "eyJ0eXAiOiJh…", "n": [1, "eyJ"], "scope": "a b"}"#
        );
    }
}

//! A browser without a screen: keeps cookies, follows redirects on the service's own site, fills in forms.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::Value;
use url::Url;

use super::{Answer, Ask, Code, Form, Http, Redirected, Request, forms};

/// One browser with its own cookies.
pub(crate) struct Browser {
    pub(crate) http: Http,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    /// A browser that nobody has signed in with.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            http: Http::to(base),
            cookies: Mutex::default(),
        }
    }

    /// Signs in through the page.
    #[track_caller]
    pub(crate) fn signed_in(base: &str, username: &str, password: &str) -> Self {
        let browser = Self::new(base);
        browser.sign_in(username, password);
        browser
    }

    /// Signs in through the page, which must work.
    #[track_caller]
    pub(crate) fn sign_in(&self, username: &str, password: &str) {
        let answer = self.try_sign_in(username, password);
        assert!(
            matches!(answer.status, 302 | 303),
            "{username} could not sign in: {answer}"
        );
    }

    /// Fills in the sign-in page.
    #[track_caller]
    pub(crate) fn try_sign_in(&self, username: &str, password: &str) -> Answer {
        let page = self.visit("/oauth/sign-in").is(200);
        self.submit(&page, credentials(&page, username, password))
    }

    /// A copy with the same cookies.
    pub(crate) fn copy(&self) -> Self {
        Self {
            http: self.http.clone(),
            cookies: Mutex::new(self.cookies.lock().unwrap().clone()),
        }
    }

    pub(crate) fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().unwrap().clone()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.into(), value.into());
    }

    /// Sends a request with the cookies and keeps those that come back.
    #[track_caller]
    pub(crate) fn send(&self, mut request: Request) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("Cookie", &cookies.join("; "));
        }
        let answer = self.http.send(request);
        let mut kept = self.cookies.lock().unwrap();
        for cookie in answer.headers("set-cookie") {
            let mut parts = cookie.split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap();
            let ended = parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0"));
            if ended || value.is_empty() {
                kept.remove(name);
            } else {
                kept.insert(name.into(), value.into());
            }
        }
        drop(kept);
        answer
    }

    /// Types an address, and stays at the first answer.
    #[track_caller]
    pub(crate) fn open(&self, target: &str) -> Answer {
        self.send(
            Request::get(target)
                .header("Accept", "text/html")
                .header("Sec-Fetch-Site", "none")
                .header("Sec-Fetch-Mode", "navigate"),
        )
    }

    /// Types an address and follows redirects within the site.
    #[track_caller]
    pub(crate) fn visit(&self, target: &str) -> Answer {
        let first = self.open(target);
        self.follow(first)
    }

    /// Follows redirects as long as they stay on the site.
    #[track_caller]
    pub(crate) fn follow(&self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            if !matches!(answer.status, 302 | 303) {
                return answer;
            }
            let next = answer.location();
            if next.origin() != self.http.base().origin() {
                return answer;
            }
            answer = self.send(
                Request::get(next)
                    .header("Accept", "text/html")
                    .header("Sec-Fetch-Site", "same-origin"),
            );
        }
        panic!("a redirect loop: {answer}");
    }

    /// Sends a form of a page, and stays at the first answer.
    #[track_caller]
    pub(crate) fn submit(&self, page: &Answer, form: Form) -> Answer {
        let origin = self.http.base().origin().ascii_serialization();
        self.submit_from(page, form, &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")])
    }

    /// Sends a form with headers of one's own about where it comes from.
    #[track_caller]
    pub(crate) fn submit_from(&self, page: &Answer, form: Form, headers: &[(&str, &str)]) -> Answer {
        assert_eq!(form.method, "post", "{form:?}");
        let action = if form.action.is_empty() {
            page.url.clone()
        } else {
            resolve(page, &form.action)
        };
        let mut request = Request::post(action).header("Accept", "text/html").form(&form.fields);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.send(request)
    }

    /// The code that comes of the user's consent to a request, by the JSON endpoint.
    #[track_caller]
    pub(crate) fn code(&self, ask: &Ask) -> Code {
        let decision = ask.decision(true);
        let answer = self.api("POST", "/api/oauth/authorize", Some(&decision)).is(200).json();
        let target = Url::parse(answer["redirect_uri"].as_str().unwrap_or_else(|| panic!("{answer}"))).unwrap();
        Code {
            code: Redirected(target).code(),
            redirect_uri: ask.get("redirect_uri").map(str::to_owned),
            verifier: ask.verifier.clone(),
        }
    }

    /// Calls the Informer API as a script of the service's own pages would.
    #[track_caller]
    pub(crate) fn api(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.send(Self::scripted(method, path, body))
    }

    /// The request that [`Browser::api`] sends, before its cookies.
    pub(crate) fn scripted(method: &str, path: &str, body: Option<&Value>) -> Request {
        let mut request = Request::new(method, path).header("Sec-Fetch-Site", "same-origin");
        if let Some(body) = body {
            request = request.json(body);
        }
        request
    }
}

/// The sign-in form of a page, filled in.
#[track_caller]
pub(crate) fn credentials(page: &Answer, username: &str, password: &str) -> Form {
    let form = forms(&page.text()).into_iter().find(|form| form.has("password"));
    let form = form.unwrap_or_else(|| panic!("no sign-in form: {page}"));
    form.fill("username", username).fill("password", password)
}

/// The consent form of a page.
#[track_caller]
pub(crate) fn consent(page: &Answer) -> Form {
    let form = forms(&page.text())
        .into_iter()
        .find(|form| form.buttons.iter().any(|(name, _)| name == "decision"));
    form.unwrap_or_else(|| panic!("no consent form: {page}"))
}

fn resolve(page: &Answer, action: &str) -> String {
    Url::parse(&page.url).and_then(|base| base.join(action)).unwrap().into()
}

//! Signing in with a password, where the users are local.
//!
//! The form is bound to the browser that it was shown in (a random cookie and a token that names its digest), so that
//! nobody can sign a visitor in as somebody else from another site (login CSRF).

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{RETRY_AFTER, SET_COOKIE},
    },
    web,
};
use informer_oauth_application::{SignIn, SignInAttempt};
use informer_oauth_domain::{
    parameters::Parameters,
    secret::{Digest, Secret},
};
use informer_oauth_web::{
    cookies::{self, cookie},
    parameters,
    protocol_error::whole_seconds,
};

use super::{
    answer::{page_to_client, see_other, see_other_with},
    canonical::resumed,
    home,
    problem::{Problem, in_words},
    return_path::ReturnPath,
    views::{ClientView, SignInView},
    visit::{Judged, SIGN_OUT, Visit},
};

/// Base of the name of the cookie that ties a sign-in form to the browser it was shown in.
const FORM_COOKIE: &str = "informer-oauth-form";

/// What the form's token is about.
const SIGN_IN: &[u8] = b"sign-in";

const REFUSED: &str = "That username and password do not go together. Check both and try again.";
const INCOMPLETE: &str = "Enter your username and your password.";
const STALE: &str = "This page was open for too long or has been used before. Please sign in again.";

/// How the form is shown.
struct Showing<'a> {
    status: StatusCode,
    problem: Option<String>,
    /// Whether name or password were wrong.
    refused: bool,
    username: &'a str,
    /// In seconds.
    retry_after: Option<u64>,
}

impl<'a> Showing<'a> {
    const FRESH: Self = Self {
        status: StatusCode::OK,
        problem: None,
        refused: false,
        username: "",
        retry_after: None,
    };

    fn problem(status: StatusCode, problem: impl Into<String>, username: &'a str) -> Self {
        Self {
            status,
            problem: Some(problem.into()),
            username,
            ..Self::FRESH
        }
    }
}

/// The form.
pub(super) async fn show(visit: &Visit) -> Result<HttpResponse, Problem> {
    let query = parameters::from_query(&visit.request).unwrap_or_default();
    let back = back(&query);
    if !visit.app().sign_in.is_available() {
        return Err(Problem::NotFound);
    }
    if visit.signed_in().await?.is_some() {
        return Ok(see_other(&onward(visit, back.as_ref())));
    }
    show_form(visit, back.as_ref(), Showing::FRESH).await
}

/// The filled-in form.
pub(super) async fn submit(visit: &Visit, payload: web::Payload) -> Result<HttpResponse, Problem> {
    if !visit.app().sign_in.is_available() {
        return Err(Problem::NotFound);
    }
    let fields = visit.form(payload).await?;
    let field = |name: &str| fields.get(name).ok().flatten();
    let back = back(&fields);
    let back = back.as_ref();
    // Telephones like to put a space after a word.
    let username = field("username").unwrap_or_default().trim();
    let (Some(password), false) = (field("password"), username.is_empty()) else {
        return show_form(
            visit,
            back,
            Showing::problem(StatusCode::BAD_REQUEST, INCOMPLETE, username),
        )
        .await;
    };
    if !redeem(visit, field("form")).await? {
        return show_form(visit, back, Showing::problem(StatusCode::FORBIDDEN, STALE, username)).await;
    }
    let password = Secret::new(password.to_owned());
    let replaces = visit.session_cookie();
    let sign_in = &visit.app().sign_in;
    let device = sign_in
        .device_cookie()
        .and_then(|name| cookie(visit.request.headers(), name));
    let context = visit.context();
    let attempt = SignInAttempt {
        username,
        password: &password,
        address: context.address,
        replaces: replaces.as_ref(),
        device: device.as_ref(),
    };
    match sign_in.sign_in(attempt, &context).await? {
        SignIn::SignedIn {
            cookie,
            lifetime,
            device,
            device_lifetime,
            ..
        } => {
            let name = visit.app().callers.session_cookie();
            let cookie = cookies::set(
                name,
                cookie.expose(),
                Some(lifetime),
                visit.state.settings.cookie_secure,
            )?;
            let mut answer = see_other_with(cookie, &onward(visit, back));
            if let Some(name) = sign_in.device_cookie() {
                let device = cookies::set(
                    name,
                    device.expose(),
                    Some(device_lifetime),
                    visit.state.settings.cookie_secure,
                )?;
                answer.headers_mut().append(SET_COOKIE, device);
            }
            Ok(answer)
        }
        SignIn::Refused => {
            let showing = Showing::problem(StatusCode::FORBIDDEN, REFUSED, username);
            show_form(
                visit,
                back,
                Showing {
                    refused: true,
                    ..showing
                },
            )
            .await
        }
        SignIn::Limited { retry_after, .. } => {
            let problem = format!("Too many attempts. Try again in {}.", in_words(retry_after));
            let showing = Showing::problem(StatusCode::TOO_MANY_REQUESTS, problem, username);
            show_form(
                visit,
                back,
                Showing {
                    retry_after: Some(whole_seconds(retry_after)),
                    ..showing
                },
            )
            .await
        }
    }
}

async fn redeem(visit: &Visit, token: Option<&str>) -> Result<bool, Problem> {
    let browser = cookies::own(visit.request.headers(), &visit.state.settings.cookie_name(FORM_COOKIE));
    match token.zip(browser) {
        Some((token, browser)) => Ok(visit
            .app()
            .forms
            .redeem(token, &Digest::of(browser.expose()), SIGN_IN, visit.now)
            .await?),
        None => Ok(false),
    }
}

async fn show_form(visit: &Visit, back: Option<&ReturnPath>, showing: Showing<'_>) -> Result<HttpResponse, Problem> {
    let secure = visit.state.settings.cookie_secure;
    let mut response = HttpResponse::build(showing.status);
    if let Some(seconds) = showing.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    // A browser keeps its cookie, so that the form in another tab goes on working.
    let name = visit.state.settings.cookie_name(FORM_COOKIE);
    let browser = if let Some(known) = cookies::own(visit.request.headers(), &name) {
        known
    } else {
        let new = Secret::new(visit.app().random_token());
        response.insert_header((SET_COOKIE, cookies::set(&name, new.expose(), None, secure)?));
        new
    };
    let view = SignInView {
        site: &visit.site,
        client: waiting(visit, back).await?,
        problem: showing.problem,
        refused: showing.refused,
        username: showing.username,
        back: back.map(ReturnPath::as_str),
        form: visit
            .app()
            .forms
            .issue(&Digest::of(browser.expose()), SIGN_IN, visit.now),
    };
    Ok(page_to_client(response, &view))
}

/// The client that waits behind the sign-in.
async fn waiting(visit: &Visit, back: Option<&ReturnPath>) -> Result<Option<ClientView>, Problem> {
    let query = back.and_then(|back| back.authorization_query(&visit.site));
    let parameters = query.and_then(|query| parameters::from_form(query.as_bytes()).ok());
    let Some(parameters) = parameters.and_then(resumed) else {
        return Ok(None);
    };
    match visit.judge(&parameters).await {
        Ok(Judged::Good(request)) => Ok(Some(ClientView::new(&request.client, &visit.site))),
        Err(Problem::Fault(fault)) => Err(fault.into()),
        // The authorization endpoint will say so.
        Ok(Judged::Back { .. }) | Err(_) => Ok(None),
    }
}

fn back(parameters: &Parameters) -> Option<ReturnPath> {
    ReturnPath::parse(parameters.get("return").ok().flatten()?)
}

fn onward(visit: &Visit, back: Option<&ReturnPath>) -> String {
    back.map_or_else(|| visit.site.path("/oauth"), |back| back.as_str().to_owned())
}

/// Signing out.
pub(super) async fn sign_out(visit: &Visit, payload: web::Payload) -> Result<HttpResponse, Problem> {
    if !visit.app().sign_in.is_available() {
        // The session is somebody else's to end.
        return Err(Problem::NotFound);
    }
    let fields = visit.form(payload).await?;
    let back = back(&fields);
    let next = match &back {
        Some(back) => visit.sign_in_address(Some(back)),
        None => visit.site.path("/oauth"),
    };
    if let Some(signed_in) = visit.signed_in().await? {
        let token = fields.get("form").ok().flatten().unwrap_or_default();
        if !visit
            .app()
            .forms
            .redeem(token, &signed_in.session, SIGN_OUT, visit.now)
            .await?
        {
            return Ok(home::stale_sign_out(visit, &signed_in));
        }
        if let Some(cookie) = visit.session_cookie() {
            visit.app().sign_in.sign_out(&cookie).await?;
        }
    }
    let cleared = cookies::clear(visit.app().callers.session_cookie(), visit.state.settings.cookie_secure)?;
    Ok(see_other_with(cleared, &next))
}

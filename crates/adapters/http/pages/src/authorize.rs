//! The authorization endpoint in the browser (RFC 6749 §4.1.1, §4.1.2; RFC 9207): judge, sign in, ask, answer.

use actix_web::{HttpResponse, web};
use informer_oauth_application::{
    SignedIn,
    authorize::{Answer, Answered, Decision},
    error::Fault,
};
use informer_oauth_domain::{authorization::AuthorizationRequest, redirect_uri::RedirectUri};
use informer_oauth_web::parameters;

use super::{
    answer::{page_to_client, see_other},
    canonical::{canonical_query, resume_query, resumed},
    choice::Choice,
    problem::Problem,
    return_path::ReturnPath,
    views::{ClientView, ConsentView, Destination, ScopeView, UserView},
    visit::{Judged, Visit},
};

const NOTHING_GRANTED: &str = "Tick at least one of these, or press Deny.";

/// The context of a consent form's token: what the form is about, and that it is one.
fn form_context(query: &str) -> Vec<u8> {
    [b"consent\0", query.as_bytes()].concat()
}

/// The browser's entry.
#[utoipa::path(
    get,
    path = "/oauth/authorize",
    tag = "Authorization",
    summary = "Ask a user's permission (RFC 6749 §4.1.1)",
    description = "A page for browsers. Signed out, the browser is sent to sign in first; then it sees the consent page, unless \
                   consent is on record.",
    params(
        ("client_id" = String, Query, description = "The client"),
        ("response_type" = String, Query, description = "`code`"),
        ("redirect_uri" = Option<String>, Query, description = "One of the client's redirect URIs; may be left out when it has one"),
        ("scope" = Option<String>, Query, description = "Scopes, separated by spaces"),
        ("state" = Option<String>, Query, description = "Comes back byte for byte; at most 2048 bytes"),
        ("code_challenge" = Option<String>, Query, description = "PKCE (RFC 7636)"),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`"),
        ("resource" = Option<String>, Query, description = "What the tokens are for (RFC 8707)"),
        ("prompt" = Option<String>, Query, description = "`none` never shows a page; any other word always shows one"),
    ),
    responses(
        (status = 200, description = "The consent page", content_type = "text/html"),
        (status = 303, description = "To the sign-in page, or back to the client with `code` or `error`, `state` and `iss`"),
        (status = 400, description = "The client or its redirect URI is not known: a page, never a redirect", content_type = "text/html"),
    ),
)]
pub(super) async fn ask(visit: &Visit) -> Result<HttpResponse, Problem> {
    let parameters = parameters::from_query(&visit.request).map_err(|_| Problem::Unreadable)?;
    let parameters = resumed(parameters).ok_or(Problem::Unreadable)?;
    match visit.judge(&parameters).await? {
        Judged::Back { location, .. } => Ok(see_other(&location)),
        Judged::Good(request) => match decide_now(visit, &request).await {
            Err(Problem::Fault(fault)) => Ok(tell(visit, &request, &fault)),
            other => other,
        },
    }
}

async fn decide_now(visit: &Visit, request: &AuthorizationRequest) -> Result<HttpResponse, Problem> {
    let signed_in = visit.signed_in().await?;
    let user = match &signed_in {
        Some(signed_in) => Some(visit.in_person(signed_in).await),
        None => None,
    };
    let user = user.as_ref().map(|user| user.as_ref().map_err(|forbidden| *forbidden));
    let decision = visit.app().authorize.decide(request, user, &visit.context()).await?;
    match (decision, signed_in) {
        (Decision::Redirect(location), _) => Ok(see_other(&location)),
        (Decision::Forbidden(forbidden), _) => Err(forbidden.into()),
        (Decision::Ask, Some(signed_in)) => Ok(consent_page(visit, request, &signed_in, None)),
        (Decision::SignIn | Decision::Ask, _) => visit.to_sign_in(way_back(visit, request).as_ref()),
    }
}

/// The way back to the consent page of a request.
fn way_back(visit: &Visit, request: &AuthorizationRequest) -> Option<ReturnPath> {
    let query = resume_query(request, &visit.app().settings.resources.audience);
    ReturnPath::parse(&format!("{}?{query}", visit.site.path("/oauth/authorize")))
}

/// `unusable` is a choice that the page was sent with and that grants nothing.
fn consent_page(
    visit: &Visit,
    request: &AuthorizationRequest,
    signed_in: &SignedIn,
    unusable: Option<Choice>,
) -> HttpResponse {
    let redirect_uris = &request.client.profile.redirect_uris;
    let query = canonical_query(request, &visit.app().settings.resources.audience);
    let back = way_back(visit, request);
    let view = ConsentView {
        site: &visit.site,
        client: ClientView::new(&request.client, &visit.site),
        user: UserView::from(&signed_in.user),
        switch: visit.switch(signed_in, back.as_ref()),
        scopes: ScopeView::list(request.scope, unusable.unwrap_or(Choice::EVERYTHING)),
        problem: unusable.map(|_| NOTHING_GRANTED),
        destination: Destination::of(&request.redirect),
        loopback_only: redirect_uris.iter().all(RedirectUri::is_loopback),
        again: back.as_ref().map_or("", ReturnPath::as_str),
        request: &query,
        form: visit
            .app()
            .forms
            .issue(&signed_in.session, &form_context(&query), visit.now),
    };
    let response = match unusable {
        None => HttpResponse::Ok(),
        Some(_) => HttpResponse::BadRequest(),
    };
    page_to_client(response, &view)
}

/// The user's answer.
#[utoipa::path(
    post,
    path = "/oauth/authorize",
    tag = "Authorization",
    summary = "The consent page's form",
    description = "Fields: `decision` (`allow` or `deny`), `request` and `form` as the page gave them, and `scope`, once for each scope \
                   that is granted; everything that is asked for where the form has no such boxes. The form is good for one \
                   submission, by the session that it was shown to, from a page of this site.",
    responses(
        (status = 303, description = "Back to the client with `code` or `error`, `state` and `iss`"),
        (status = 400, description = "No decision, nothing granted, or a request that is no good any more", content_type = "text/html"),
        (status = 403, description = "Not from this site, or a form token that is missing, used or another session's", content_type = "text/html"),
    ),
)]
pub(super) async fn decide(visit: &Visit, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let fields = visit.form(payload).await?;
    let field = |name: &str| fields.get(name).ok().flatten();
    let query = field("request").unwrap_or_default();
    let again = ReturnPath::parse(&format!("{}?{query}", visit.site.path("/oauth/authorize")))
        .map(|back| back.as_str().to_owned());
    let stale = || Problem::StaleForm { again: again.clone() };
    let signed_in = visit.signed_in().await?.ok_or_else(stale)?;
    let user = visit.in_person(&signed_in).await?;
    let token = field("form").ok_or_else(stale)?;
    let context = form_context(query);
    if !visit
        .app()
        .forms
        .redeem(token, &signed_in.session, &context, visit.now)
        .await?
    {
        return Err(stale());
    }
    // The client may have changed since the page was shown: what counts is what it may do now.
    let parameters = parameters::from_form(query.as_bytes()).map_err(|_| Problem::Unreadable)?;
    let request = match visit.judge(&parameters).await? {
        Judged::Back { location, .. } => return Ok(see_other(&location)),
        Judged::Good(request) => request,
    };
    let (answer, choice) = match field("decision") {
        Some("allow") => {
            let choice = Choice::read(&fields).map_err(|_| Problem::Unreadable)?;
            (Answer::Allow(choice.allowed()), choice)
        }
        Some("deny") => (Answer::Deny, Choice::EVERYTHING),
        _ => {
            return Err(Problem::NoDecision {
                again: again.unwrap_or_else(|| visit.site.path("/oauth")),
            });
        }
    };
    let authorize = &visit.app().authorize;
    Ok(
        match authorize.answer(&request, answer, &user, &visit.context()).await {
            Ok(Answered::Redirect(location)) => see_other(&location),
            Ok(Answered::NothingGranted) => consent_page(visit, &request, &signed_in, Some(choice)),
            Err(fault) => tell(visit, &request, &fault),
        },
    )
}

/// Tells the client about a fault: once the redirect URI is verified, it is to know.
fn tell(visit: &Visit, request: &AuthorizationRequest, fault: &Fault) -> HttpResponse {
    let (error, location) = visit.app().authorize.failure(request, fault);
    visit.note(|log| {
        log.set_fault(fault);
        log.set_error(&error);
    });
    see_other(&location)
}

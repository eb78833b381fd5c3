//! One request for a page: what every handler needs to know, and how it answers.

use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{Method, header::SET_COOKIE},
    web,
};
use informer_oauth_application::{
    Application, RequestContext, SignInPage, SignedIn, authorize::AuthorizeError, error::Fault,
};
use informer_oauth_domain::{
    authorization::{AuthorizationRefusal, AuthorizationRequest},
    parameters::Parameters,
    secret::Secret,
    timestamp::Timestamp,
    user::{Forbidden, InPerson},
};
use informer_oauth_web::{
    body,
    context::RequestTime,
    context::context_of,
    cookies::cookie,
    log_fields::LogFields,
    parameters::{self, FORM},
    state::HttpState,
};

use super::{
    answer::{page, see_other, see_other_with},
    choice, error_page,
    problem::Problem,
    return_path::ReturnPath,
    site::Site,
    trips,
    views::{ActionView, MessageView, Switch},
};

/// What the sign-out form's token is about.
pub(super) const SIGN_OUT: &[u8] = b"sign-out";

/// An extractor that never fails.
pub(super) struct Visit {
    pub(super) request: HttpRequest,
    pub(super) state: web::Data<HttpState>,
    pub(super) site: Site,
    pub(super) now: Timestamp,
}

/// What an authorization request is worth.
pub(super) enum Judged {
    /// It may go on.
    Good(Box<AuthorizationRequest>),
    /// The browser goes back to the client with an error.
    Back {
        /// The address with the error in it.
        location: String,
        /// What the client is told, in a sentence.
        description: Cow<'static, str>,
    },
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = HttpState::of(request).clone();
        ready(Ok(Self {
            site: Site::of(request),
            now: RequestTime::of(request).0,
            request: request.clone(),
            state,
        }))
    }
}

impl Visit {
    pub(super) fn app(&self) -> &Application {
        &self.state.app
    }

    pub(super) fn context(&self) -> RequestContext {
        context_of(&self.request)
    }

    /// Adds something to the request's line in the access log.
    pub(super) fn note(&self, add: impl FnOnce(&LogFields)) {
        if let Some(log) = LogFields::of(&self.request) {
            add(&log);
        }
    }

    /// The session cookie that the browser sent, whatever it is worth.
    pub(super) fn session_cookie(&self) -> Option<Secret> {
        cookie(self.request.headers(), self.app().callers.session_cookie())
    }

    /// Who is signed in.
    pub(super) async fn signed_in(&self) -> Result<Option<SignedIn>, Fault> {
        match self.session_cookie() {
            Some(cookie) => self.app().callers.by_session(&cookie, self.now).await,
            None => Ok(None),
        }
    }

    /// Proof that the user acts in person, which consent and every change need.
    pub(super) async fn in_person(&self, signed_in: &SignedIn) -> Result<InPerson, Forbidden> {
        let impersonator = signed_in.impersonator.as_deref();
        let callers = &self.app().callers;
        callers.in_person(&signed_in.user, impersonator, &self.context()).await
    }

    /// How a signed-in user becomes somebody else: by signing out here, or where users sign in, which has the way back.
    pub(super) fn switch(&self, signed_in: &SignedIn, back: Option<&ReturnPath>) -> Switch {
        match self.app().callers.sign_in_page() {
            SignInPage::Own => Switch::Form(self.app().forms.issue(&signed_in.session, SIGN_OUT, self.now)),
            SignInPage::Elsewhere(_) => Switch::Link(self.sign_in_address(back)),
        }
    }

    /// This very page, as the way back to it. What a form was sent to is none.
    pub(super) fn here(&self) -> Option<ReturnPath> {
        let address = self.request.uri().path_and_query()?;
        let address = self.site.path(address.as_str());
        (self.request.method() == Method::GET)
            .then(|| ReturnPath::parse(&address))
            .flatten()
    }

    /// Sends a signed-out browser to sign in and come back. Where that is another service's business, a browser that keeps
    /// coming back signed out is told so instead of going round and round: the other one may think that it is signed in.
    pub(super) fn to_sign_in(&self, back: Option<&ReturnPath>) -> Result<HttpResponse, Problem> {
        let address = self.sign_in_address(back);
        if self.app().callers.sign_in_page() == SignInPage::Own {
            return Ok(see_other(&address));
        }
        let settings = &self.state.settings;
        let trips = trips::made(self.request.headers(), settings);
        if trips < trips::BORNE {
            return Ok(see_other_with(trips::cookie(trips + 1, settings)?, &address));
        }
        let view = MessageView {
            site: &self.site,
            title: "You do not arrive here signed in",
            text: "You were sent to sign in several times, and each time you came back without a sign-in that counts here.",
            hint: Some("Perhaps your account is locked or disabled, or your browser keeps the sign-in from this page."),
            action: Some(ActionView {
                href: &address,
                label: "Sign in again",
            }),
        };
        let mut response = HttpResponse::Forbidden();
        response.insert_header((SET_COOKIE, trips::cookie(0, settings)?));
        Ok(page(response, &view))
    }

    /// The address of the sign-in page, with the way back.
    pub(super) fn sign_in_address(&self, back: Option<&ReturnPath>) -> String {
        let page = match self.app().callers.sign_in_page() {
            SignInPage::Own => self.site.path("/oauth/sign-in"),
            SignInPage::Elsewhere(address) => address,
        };
        back.map_or_else(|| page.clone(), |back| back.append_to(&page))
    }

    /// Judges an authorization request; what must not be redirected is a [`Problem`].
    pub(super) async fn judge(&self, parameters: &Parameters) -> Result<Judged, Problem> {
        match self.app().authorize.judge(parameters, self.now).await {
            Ok(request) => {
                self.note(|log| log.set_client(request.client.client_id));
                Ok(Judged::Good(Box::new(request)))
            }
            Err(AuthorizeError::Fault(fault)) => Err(fault.into()),
            Err(AuthorizeError::Refused(refusal)) => match *refusal {
                AuthorizationRefusal::Page(reason) => {
                    let mut pairs = parameters.pairs().iter();
                    let named = pairs.find(|(name, value)| name == reason.parameter() && !value.is_empty());
                    Err(Problem::Refused {
                        reason,
                        value: named.map(|(_, value)| value.clone()),
                    })
                }
                AuthorizationRefusal::Redirect { redirect, error, state } => {
                    self.note(|log| log.set_error(&error));
                    Ok(Judged::Back {
                        location: self.app().authorize.error_uri(&redirect, &error, state.as_deref()),
                        description: error.description,
                    })
                }
            },
        }
    }

    /// What a form from elsewhere comes to.
    pub(super) fn cross_site(&self) -> Problem {
        Problem::CrossSite {
            issuer: self.state.issuer().to_owned(),
        }
    }

    /// The fields of a form that one of our own pages sent, none repeated but those that a page holds several times.
    pub(super) async fn form(&self, payload: web::Payload) -> Result<Parameters, Problem> {
        if !self.state.accepts_origin(self.request.headers(), self.now) {
            return Err(self.cross_site());
        }
        let body = body::read(&self.request, payload, self.state.settings.max_body_bytes).await?;
        if body::media_type(self.request.headers())?.as_deref() != Some(FORM) {
            return Err(body::BodyError::UnsupportedType.into());
        }
        let fields = parameters::from_form(&body)?;
        let once = |name: &str| choice::REPEATED.contains(&name) || fields.get(name).is_ok();
        if fields.pairs().iter().all(|(name, _)| once(name)) {
            Ok(fields)
        } else {
            Err(Problem::Unreadable)
        }
    }

    /// The answer, or the page that says why there is none.
    pub(super) fn finish(&self, result: Result<HttpResponse, Problem>) -> HttpResponse {
        result.unwrap_or_else(|problem| self.problem_page(problem))
    }

    fn problem_page(&self, problem: Problem) -> HttpResponse {
        if let Problem::Fault(fault) = &problem {
            self.note(|log| log.set_fault(fault));
        }
        error_page::show(&self.site, problem, self.context().request_id.as_deref())
    }
}

//! The authorization request (RFC 6749 §4.1.1, with RFC 7636, 8707 and 9207): what makes one good, and where a bad one
//! is told so.
//!
//! ```
//! use informer_oauth_domain::{
//!     authorization::{AuthorizationRefusal, AuthorizationRequest, OwnResources, PageProblem},
//!     parameters::Parameters, resource::Resource, timestamp::Timestamp,
//! };
//!
//! let issuer = Resource::parse("https://login.example.com")?;
//! let own = OwnResources { audience: issuer.clone(), issuer };
//! let asked: Parameters = [("client_id", "a6bd8f0f72b2c3275ff6"), ("response_type", "code")].into_iter().collect();
//! // The store knows no such client: a page, and never a redirect.
//! assert_eq!(
//!     AuthorizationRequest::judge(&asked, None, &own, Timestamp::EPOCH),
//!     Err(AuthorizationRefusal::Page(PageProblem::UnknownClient)),
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use thiserror::Error;

use crate::{
    client::{Client, ClientProfile, Registration},
    consent::Consent,
    error::{ErrorCode, OAuthError, Reason},
    parameters::Parameters,
    pkce::{CodeChallenge, CodeChallengeMethod},
    redirect_uri::{RedirectUri, VerifiedRedirect},
    resource::Resource,
    scope::ScopeSet,
    timestamp::Timestamp,
};

/// The longest `state` that is carried, in bytes.
pub const STATE_LIMIT: usize = 2048;

/// Why a request is answered with an error page: the client is not known well enough to send the browser anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PageProblem {
    /// No `client_id`.
    #[error("The request has no client_id, so it is not known which application sent you here.")]
    MissingClientId,
    /// `client_id` twice.
    #[error("The request has more than one client_id.")]
    RepeatedClientId,
    /// There is no such client.
    #[error("No application with this client_id is registered here.")]
    UnknownClient,
    /// The client is disabled.
    #[error("The application that sent you here is disabled.")]
    DisabledClient,
    /// No `redirect_uri`, and not exactly one registered.
    #[error(
        "The request has no redirect_uri. This application must send one, because it does not have exactly one registered."
    )]
    MissingRedirectUri,
    /// `redirect_uri` twice.
    #[error("The request has more than one redirect_uri.")]
    RepeatedRedirectUri,
    /// The `redirect_uri` is not one of the client's.
    #[error("The redirect_uri is not registered for this application.")]
    UnregisteredRedirectUri,
    /// The `redirect_uri` is one of the client's but for its port, and the request does not use PKCE (RFC 8252 §7.3).
    #[error(
        "The port of the redirect_uri is not the registered one. Only a request with a code_challenge may choose its port."
    )]
    LoopbackPort,
}

impl PageProblem {
    /// The parameter that is wrong.
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::MissingClientId | Self::RepeatedClientId | Self::UnknownClient | Self::DisabledClient => "client_id",
            Self::MissingRedirectUri
            | Self::RepeatedRedirectUri
            | Self::UnregisteredRedirectUri
            | Self::LoopbackPort => "redirect_uri",
        }
    }

    /// The error code for developers (RFC 6749 §4.1.2.1, §5.2).
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::UnknownClient => ErrorCode::InvalidClient,
            Self::DisabledClient => ErrorCode::UnauthorizedClient,
            _ => ErrorCode::InvalidRequest,
        }
    }
}

/// A refused authorization request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuthorizationRefusal {
    /// Show a page; never redirect.
    Page(PageProblem),
    /// Send the browser back to the client with the error (RFC 6749 §4.1.2.1).
    Redirect {
        /// Where to.
        redirect: VerifiedRedirect,
        /// What is wrong.
        error: OAuthError,
        /// The request's `state`.
        state: Option<String>,
    },
}

/// Whether the user may be shown pages (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Prompt {
    /// Ask what has not been answered yet.
    #[default]
    WhenNeeded,
    /// Show the page even when consent is on record: `consent`, and every word that asks for a page or is unknown.
    Consent,
    /// Show nothing: answer at once or fail.
    Never,
}

/// A good authorization request: every field is checked against the client's registration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthorizationRequest {
    /// The client that asks.
    pub client: Client,
    /// Where the answer goes.
    pub redirect: VerifiedRedirect,
    /// Whether the request named it.
    pub redirect_uri_sent: bool,
    /// What is asked for, after defaults.
    pub scope: ScopeSet,
    /// Comes back byte for byte.
    pub state: Option<String>,
    /// PKCE.
    pub challenge: Option<CodeChallenge>,
    /// What the access tokens will be for.
    pub audience: Resource,
    /// Whether to ask.
    pub prompt: Prompt,
}

/// The resources that every client may ask for; the first is the default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnResources {
    /// `tokens.audience`: the `aud` when no resource is asked for.
    pub audience: Resource,
    /// The issuer.
    pub issuer: Resource,
}

impl OwnResources {
    /// Which `aud` a request gets (RFC 8707 §2).
    pub fn resolve(&self, client: &Client, asked: Option<&str>) -> Result<Resource, OAuthError> {
        let Some(asked) = asked else {
            return Ok(self.audience.clone());
        };
        let unknown = || ErrorCode::InvalidTarget.naming("This client may not use the resource", asked);
        let named = Resource::parse(asked).map_err(|_| unknown())?;
        // An exact spelling wins; `aud` has the spelling of the configuration or registration, not the request's.
        let known = || self.allowed(&client.profile);
        known()
            .find(|known| **known == named)
            .or_else(|| known().find(|known| known.is_same(&named)))
            .cloned()
            .ok_or_else(unknown)
    }

    /// What a client may ask for: `tokens.audience`, the issuer, and what it is registered for.
    fn allowed<'a>(&'a self, profile: &'a ClientProfile) -> impl Iterator<Item = &'a Resource> {
        [&self.audience, &self.issuer].into_iter().chain(&profile.resources)
    }

    /// Checks a grant against the client's registration as it is now. What an administrator takes away from a client
    /// is taken from its living grants, so this is asked when a code or device code is redeemed, at refresh and at
    /// every use of an access token.
    pub fn check_grant(&self, profile: &ClientProfile, scope: ScopeSet, audience: &Resource) -> Result<(), TakenAway> {
        if !profile.enabled {
            return Err(TakenAway::Client);
        }
        if !scope.is_within(profile.allowed_scope()) {
            return Err(TakenAway::Scope);
        }
        if !self.allowed(profile).any(|known| known == audience)
            && !self.allowed(profile).any(|known| known.is_same(audience))
        {
            return Err(TakenAway::Resource);
        }
        Ok(())
    }
}

/// What a client has lost since a grant was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TakenAway {
    /// The client is disabled.
    Client,
    /// The scope goes beyond what the client is registered for.
    Scope,
    /// The resource is neither the service's own nor one of the client's.
    Resource,
}

impl TakenAway {
    /// The same as a reason for the access log.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Client => Reason::ClientDisabled,
            Self::Scope => Reason::ScopeTakenAway,
            Self::Resource => Reason::ResourceMismatch,
        }
    }
}

/// Checks a client's `scope` parameter against what it may ask for.
pub fn requested_scope(client: &Client, asked: Option<&str>) -> Result<ScopeSet, OAuthError> {
    let Some(asked) = asked else {
        return Ok(client.profile.default_scope());
    };
    let scope = ScopeSet::requested(asked)?;
    match scope.beyond(client.profile.allowed_scope()) {
        Some(beyond) => Err(ErrorCode::InvalidScope.naming("This client may not ask for the scope", beyond.as_str())),
        None => Ok(scope),
    }
}

/// What to do about a good authorization request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NextStep {
    /// Have the user sign in, then look again.
    SignIn,
    /// Show the consent page.
    Ask,
    /// Issue a code without a page: consent is on record.
    Approve,
    /// Tell the client that it takes a page.
    Refuse(OAuthError),
}

impl AuthorizationRequest {
    /// Whether a consent to this request is remembered, and one on record stands in for a page. Only where the redirect shows
    /// which client asks: any program on the user's device can take a native app's `client_id`, and receive what is sent to a
    /// loopback address or a private-use scheme (RFC 8252 §8.6).
    pub fn remembers_consent(&self) -> bool {
        !self.redirect.is_on_device()
    }

    /// Whether `consent`, what a user has allowed this client at this resource before, stands in for a page.
    pub fn has_consent(&self, consent: Option<&Consent>) -> bool {
        self.remembers_consent() && consent.is_some_and(|consent| consent.covers(self.scope))
    }

    /// What to do, given whether a user is signed in, and what this user has allowed this client at this resource before.
    pub fn next_step(&self, signed_in: bool, consent: Option<&Consent>) -> NextStep {
        let remembered = self.has_consent(consent);
        match (self.prompt, signed_in) {
            (Prompt::Never, false) => NextStep::Refuse(ErrorCode::LoginRequired.because("The user is not signed in.")),
            (_, false) => NextStep::SignIn,
            (Prompt::Never | Prompt::WhenNeeded, true) if remembered => NextStep::Approve,
            (Prompt::Never, true) => {
                NextStep::Refuse(ErrorCode::ConsentRequired.because("The user must be asked for consent on a page."))
            }
            (Prompt::WhenNeeded | Prompt::Consent, true) => NextStep::Ask,
        }
    }

    /// The same request for as much of `scope` as was asked for (RFC 6749 §3.3); `None` if that is nothing.
    pub fn limited_to(&self, scope: ScopeSet) -> Option<Self> {
        let scope = scope.granted_of(self.scope);
        (!scope.is_empty()).then(|| Self { scope, ..self.clone() })
    }

    /// Judges a request. `registration` is what the store knows of the `client_id` given, if anything.
    ///
    /// The order matters: until the redirect URI is verified every problem is a page; from then on it is a redirect.
    pub fn judge(
        parameters: &Parameters,
        registration: Option<&Registration>,
        resources: &OwnResources,
        now: Timestamp,
    ) -> Result<Self, AuthorizationRefusal> {
        let page = AuthorizationRefusal::Page;
        let named = parameters
            .get("client_id")
            .map_err(|_| page(PageProblem::RepeatedClientId))?
            .ok_or(page(PageProblem::MissingClientId))?;
        let registration = registration
            .filter(|known| named == known.client.client_id.to_string())
            .ok_or(page(PageProblem::UnknownClient))?;
        let client = &registration.client;
        if !client.profile.enabled {
            return Err(page(PageProblem::DisabledClient));
        }
        let confidential = registration.is_confidential(now);
        let named = parameters
            .get("redirect_uri")
            .map_err(|_| page(PageProblem::RepeatedRedirectUri))?;
        let redirect = requested_redirect(
            &client.profile.redirect_uris,
            named,
            parameters.contains("code_challenge"),
        )
        .map_err(page)?;

        Self::judge_redirectable(parameters, client, confidential, &redirect, resources)
            .map(|judged| Self {
                redirect_uri_sent: named.is_some(),
                ..judged
            })
            .map_err(|error| AuthorizationRefusal::Redirect {
                redirect,
                error,
                state: readable_state(parameters).ok().flatten(),
            })
    }

    fn judge_redirectable(
        parameters: &Parameters,
        client: &Client,
        confidential: bool,
        redirect: &VerifiedRedirect,
        resources: &OwnResources,
    ) -> Result<Self, OAuthError> {
        parameters.check_not_repeated()?;
        let state = readable_state(parameters)?;
        match parameters.get("response_type")? {
            Some("code") => {}
            Some(_) => return Err(ErrorCode::UnsupportedResponseType.because("The response_type must be code.")),
            None => return Err(ErrorCode::InvalidRequest.because("The response_type is missing.")),
        }
        if !matches!(parameters.get("response_mode")?, None | Some("query")) {
            return Err(ErrorCode::InvalidRequest.because("The response_mode must be query."));
        }
        if !confidential && !client.profile.pkce {
            return Err(ErrorCode::UnauthorizedClient.because("A client without a secret must use PKCE."));
        }
        let challenge = requested_challenge(parameters)?;
        if client.profile.pkce && challenge.is_none() {
            return Err(ErrorCode::InvalidRequest.because("This client must send a code_challenge (S256)."));
        }
        Ok(Self {
            client: client.clone(),
            redirect: redirect.clone(),
            redirect_uri_sent: false,
            scope: requested_scope(client, parameters.get("scope")?)?,
            state,
            challenge,
            audience: resources.resolve(client, parameters.get("resource")?)?,
            prompt: requested_prompt(parameters)?,
        })
    }
}

/// The answer of the authorization endpoint as a URI (RFC 6749 §4.1.2, with `iss` of RFC 9207).
pub fn answer_uri(redirect: &VerifiedRedirect, answer: &[(&str, &str)], state: Option<&str>, issuer: &str) -> String {
    let mut parameters = answer.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    redirect.with_params(&parameters)
}

/// The redirect of a request that uses PKCE or does not.
fn requested_redirect(
    registered: &[RedirectUri],
    named: Option<&str>,
    pkce: bool,
) -> Result<VerifiedRedirect, PageProblem> {
    let Some(named) = named else {
        return VerifiedRedirect::only(registered).ok_or(PageProblem::MissingRedirectUri);
    };
    VerifiedRedirect::verify(registered, named, pkce).map_err(|_| {
        if VerifiedRedirect::verify(registered, named, true).is_ok() {
            PageProblem::LoopbackPort
        } else {
            PageProblem::UnregisteredRedirectUri
        }
    })
}

fn readable_state(parameters: &Parameters) -> Result<Option<String>, OAuthError> {
    let state = parameters.get("state")?;
    if state.is_some_and(|state| state.len() > STATE_LIMIT) {
        return Err(ErrorCode::InvalidRequest.because("The state is longer than 2048 bytes."));
    }
    Ok(state.map(str::to_owned))
}

fn requested_challenge(parameters: &Parameters) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = parameters.get("code_challenge_method")?;
    let Some(challenge) = parameters.get("code_challenge")? else {
        return match method {
            None => Ok(None),
            Some(_) => Err(ErrorCode::InvalidRequest.because("The code_challenge is missing.")),
        };
    };
    // Without a method the RFC means `plain`, which is refused for everyone.
    method
        .and_then(|method| CodeChallengeMethod::parse(method).ok())
        .ok_or(ErrorCode::InvalidRequest.because("The code_challenge_method must be S256."))?;
    CodeChallenge::parse(challenge)
        .map(Some)
        .map_err(|_| ErrorCode::InvalidRequest.because("The code_challenge must be 43 base64url characters."))
}

fn requested_prompt(parameters: &Parameters) -> Result<Prompt, OAuthError> {
    let prompt = parameters.get("prompt")?.unwrap_or_default();
    let words: Vec<&str> = prompt.split(' ').filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [] => Ok(Prompt::WhenNeeded),
        ["none"] => Ok(Prompt::Never),
        words if words.contains(&"none") => {
            Err(ErrorCode::InvalidRequest.because("The prompt none goes with no other."))
        }
        _ => Ok(Prompt::Consent),
    }
}

#[cfg(test)]
mod tests;

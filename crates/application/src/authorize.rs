//! The authorization endpoint (RFC 6749 §4.1.1–4.1.2, RFC 9207).

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    audit::EventKind,
    authorization::{AuthorizationRefusal, AuthorizationRequest, NextStep, OwnResources, Prompt, answer_uri},
    code::AuthorizationCode,
    consent::Consent,
    error::{ErrorCode, OAuthError},
    id::{ClientId, ClientRef},
    parameters::Parameters,
    redirect_uri::VerifiedRedirect,
    resource::Resource,
    scope::ScopeSet,
    secret::Digest,
    timestamp::Timestamp,
    user::{Forbidden, InPerson, User},
};
use informer_oauth_ports::{ClientStore, CodeStore, ConsentStore, Entropy, StoreError};
use thiserror::Error;

use crate::{
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::Fault,
    ids,
};

/// How judging an authorization request fails.
#[derive(Debug, Error)]
pub enum AuthorizeError {
    /// The request is refused: with a page or a redirect.
    #[error("refused: {0:?}")]
    Refused(Box<AuthorizationRefusal>),
    /// Not the request's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for AuthorizeError {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// What to do about a good authorization request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Have the user sign in, then decide again.
    SignIn,
    /// Show the consent page.
    Ask,
    /// Show why this session cannot answer.
    Forbidden(Forbidden),
    /// Send the browser to this address: the client's, with a code or an error.
    Redirect(String),
}

/// The user's answer to the consent page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Allow these scopes, as far as they were asked for.
    Allow(ScopeSet),
    /// Deny everything.
    Deny,
}

/// Outcome of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answered {
    /// Send the browser to this address: the client's, with a code or an error.
    Redirect(String),
    /// None of the scopes that were asked for is allowed: ask again.
    NothingGranted,
}

/// Judges authorization requests and carries the user's decision back to the client.
pub struct Authorize {
    pub(crate) clients: Arc<dyn ClientStore>,
    pub(crate) codes: Arc<dyn CodeStore>,
    pub(crate) consents: Arc<dyn ConsentStore>,
    pub(crate) audit: AuditTrail,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) resources: OwnResources,
    pub(crate) code_lifetime: Duration,
}

impl Authorize {
    /// Checks a request against its client's registration.
    pub async fn judge(&self, parameters: &Parameters, now: Timestamp) -> Result<AuthorizationRequest, AuthorizeError> {
        let named: Option<ClientId> = parameters
            .get("client_id")
            .ok()
            .flatten()
            .and_then(|id| id.parse().ok());
        let registration = match named {
            Some(id) => self.clients.registration(ClientRef::ClientId(id)).await?,
            None => None,
        };
        AuthorizationRequest::judge(parameters, registration.as_deref(), &self.resources, now)
            .map_err(|refusal| AuthorizeError::Refused(Box::new(refusal)))
    }

    /// Decides whether `user`, who is signed in or not, is shown a page. A code that is issued without one is an audit event.
    ///
    /// No code is issued in a session in which somebody else acts for the user. With `prompt=none` the client is told so.
    pub async fn decide(
        &self,
        request: &AuthorizationRequest,
        user: Option<Result<&InPerson, Forbidden>>,
        context: &RequestContext,
    ) -> Result<Decision, Fault> {
        let user = match user.transpose() {
            Ok(user) => user,
            Err(_) if request.prompt == Prompt::Never => {
                let error = ErrorCode::AccessDenied.because("Somebody else acts for the user in this session.");
                return Ok(Decision::Redirect(self.refusal_uri(request, &error)));
            }
            Err(forbidden) => return Ok(Decision::Forbidden(forbidden)),
        };
        let consent = match user {
            Some(user) => self.consent(request, user.user()).await?,
            None => None,
        };
        match (request.next_step(user.is_some(), consent.as_ref()), user) {
            (NextStep::Refuse(error), _) => Ok(Decision::Redirect(self.refusal_uri(request, &error))),
            (NextStep::Ask, Some(_)) => Ok(Decision::Ask),
            (NextStep::Approve, Some(user)) => {
                let location = self.issue_code(request, user, context.now).await?;
                self.record(EventKind::ConsentReused, request, user, context).await;
                Ok(Decision::Redirect(location))
            }
            (NextStep::SignIn, _) | (NextStep::Ask | NextStep::Approve, None) => Ok(Decision::SignIn),
        }
    }

    /// Whether the user has allowed this client all of this before, so that no page is needed.
    pub async fn has_consent(&self, request: &AuthorizationRequest, user: &User) -> Result<bool, Fault> {
        let consent = self.consent(request, user).await?;
        Ok(request.has_consent(consent.as_ref()))
    }

    async fn consent(&self, request: &AuthorizationRequest, user: &User) -> Result<Option<Consent>, Fault> {
        if !request.remembers_consent() {
            return Ok(None);
        }
        let resource = self.resource(request);
        Ok(self.consents.find(&user.username, request.client.uid, resource).await?)
    }

    /// The resource under which consent is remembered; `None` is the service's own audience.
    fn resource<'a>(&self, request: &'a AuthorizationRequest) -> Option<&'a Resource> {
        (request.audience != self.resources.audience).then_some(&request.audience)
    }

    /// Carries out the user's answer. What is allowed is remembered and no more, unless the redirect does not show which client
    /// asks.
    pub async fn answer(
        &self,
        request: &AuthorizationRequest,
        answer: Answer,
        user: &InPerson,
        context: &RequestContext,
    ) -> Result<Answered, Fault> {
        let Answer::Allow(allowed) = answer else {
            self.record(EventKind::ConsentDenied, request, user, context).await;
            let error = ErrorCode::AccessDenied.because("The user denied the request.");
            return Ok(Answered::Redirect(self.refusal_uri(request, &error)));
        };
        match request.limited_to(allowed) {
            Some(granted) => Ok(Answered::Redirect(self.approve(&granted, user, context).await?)),
            None => Ok(Answered::NothingGranted),
        }
    }

    async fn approve(
        &self,
        request: &AuthorizationRequest,
        user: &InPerson,
        context: &RequestContext,
    ) -> Result<String, Fault> {
        if request.remembers_consent() {
            let resource = self.resource(request);
            self.consents
                .remember(
                    &user.user().username,
                    request.client.uid,
                    resource,
                    request.scope,
                    context.now,
                )
                .await?;
        }
        self.record(EventKind::ConsentGranted, request, user, context).await;
        self.issue_code(request, user, context.now).await
    }

    async fn issue_code(
        &self,
        request: &AuthorizationRequest,
        user: &InPerson,
        now: Timestamp,
    ) -> Result<String, Fault> {
        let code = ids::authorization_code(&*self.entropy);
        self.codes
            .insert(&AuthorizationCode {
                digest: Digest::of(code.expose()),
                client: request.client.uid,
                client_id: request.client.client_id,
                redirect_uri: request.redirect.as_str().to_owned(),
                redirect_uri_sent: request.redirect_uri_sent,
                challenge: request.challenge.clone(),
                username: user.user().username.clone(),
                scope: request.scope,
                audience: request.audience.clone(),
                token_record: ids::token_record_id(&*self.entropy, now),
                issued_at: now,
                expires_at: now + self.code_lifetime,
            })
            .await?;
        Ok(self.uri(&request.redirect, &[("code", code.expose())], request.state.as_deref()))
    }

    /// Returns the error and the address that tell the client about a fault: a redirect has no status code to do so
    /// (RFC 6749 §4.1.2.1).
    pub fn failure(&self, request: &AuthorizationRequest, fault: &Fault) -> (OAuthError, String) {
        let error = match fault {
            Fault::Unavailable(_) => {
                ErrorCode::TemporarilyUnavailable.because("The service is temporarily unavailable.")
            }
            Fault::Internal(_) => ErrorCode::ServerError.because("The service failed to answer."),
        };
        let location = self.refusal_uri(request, &error);
        (error, location)
    }

    fn refusal_uri(&self, request: &AuthorizationRequest, error: &OAuthError) -> String {
        self.error_uri(&request.redirect, error, request.state.as_deref())
    }

    /// Returns the address that tells the client about an error.
    pub fn error_uri(&self, redirect: &VerifiedRedirect, error: &OAuthError, state: Option<&str>) -> String {
        let answer = [
            ("error", error.code.as_str()),
            ("error_description", &error.description),
        ];
        self.uri(redirect, &answer, state)
    }

    fn uri(&self, redirect: &VerifiedRedirect, answer: &[(&str, &str)], state: Option<&str>) -> String {
        answer_uri(redirect, answer, state, self.resources.issuer.as_str())
    }

    async fn record(&self, kind: EventKind, request: &AuthorizationRequest, user: &InPerson, context: &RequestContext) {
        let about = About {
            actor: Some(user.user().username.clone()),
            client: Some(request.client.uid),
            target: Some(request.scope.to_string()),
        };
        self.audit.record(kind, about, context).await;
    }
}

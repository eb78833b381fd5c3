//! The authorization endpoint as JSON, for Informer's own front end (http-api.md §2).
//!
//! Only a browser's session counts here, never a bearer token: with a token one could grant oneself further ones.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web};
use informer_oauth_application::authorize::{Answer, Answered};
use informer_oauth_domain::{
    authorization::AuthorizationRequest,
    client::Client,
    parameters::Parameters,
    scope::ScopeSet,
    user::{InPerson, User},
};
use informer_oauth_web::{
    api_error::{ApiError, ApiErrorBody, ApiResult, Source},
    caller::Caller,
    json, parameters,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    problem::Problem,
    views::Destination,
    visit::{Judged, Visit},
};

/// A judged authorization request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthorizationDetails {
    client: ClientDetails,
    /// What is asked for, after defaults.
    scopes: Vec<ScopeDetails>,
    /// Where the answer goes.
    #[serde(rename = "redirect_uri")]
    redirect_uri: String,
    /// The host of `redirect_uri`, or the scheme of an app: to be shown in plain sight.
    destination: String,
    /// Whether that is a program on the user's own computer.
    loopback: bool,
    /// The request's `state`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// Whether the user has allowed this client all of this before, so that no page is needed. Never for a redirect to the
    /// user's own device.
    consent: bool,
}

/// The client as its user meets it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientDetails {
    id: String,
    #[serde(rename = "client_id")]
    client_id: String,
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Address of its picture.
    icon_url: String,
}

/// A scope in words.
#[derive(Serialize, ToSchema)]
pub(super) struct ScopeDetails {
    id: &'static str,
    description: &'static str,
    /// Whether it lets its holder change things.
    write: bool,
}

/// Where to send the browser.
#[derive(Serialize, ToSchema)]
pub(super) struct Onward {
    redirect_uri: String,
}

/// A refused request whose client is to be told: the error body with the address that tells it.
#[derive(Serialize, ToSchema)]
pub(super) struct RefusedRequest {
    #[serde(flatten)]
    error: ApiErrorBody,
    /// Where to send the browser.
    redirect_uri: String,
}

/// The user's decision, with the authorization request it is about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    client_id: String,
    redirect_uri: Option<String>,
    response_type: String,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    resource: Option<String>,
    /// Whether the user allows it.
    approve: bool,
}

impl Decision {
    fn parameters(&self) -> Parameters {
        let given = |value: &Option<String>| value.clone();
        [
            ("client_id", Some(self.client_id.clone())),
            ("redirect_uri", given(&self.redirect_uri)),
            ("response_type", Some(self.response_type.clone())),
            ("scope", given(&self.scope)),
            ("state", given(&self.state)),
            ("code_challenge", given(&self.code_challenge)),
            ("code_challenge_method", given(&self.code_challenge_method)),
            ("resource", given(&self.resource)),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }
}

impl AuthorizationDetails {
    fn new(visit: &Visit, request: &AuthorizationRequest, consent: bool) -> Self {
        let destination = Destination::of(&request.redirect);
        Self {
            client: ClientDetails::new(visit, &request.client),
            scopes: ScopeDetails::list(request.scope),
            redirect_uri: request.redirect.as_str().to_owned(),
            loopback: destination.is_loopback(),
            destination: destination.text().to_owned(),
            state: request.state.clone(),
            consent,
        }
    }
}

impl ScopeDetails {
    pub(super) fn list(scope: ScopeSet) -> Vec<Self> {
        scope
            .iter()
            .map(|scope| Self {
                id: scope.as_str(),
                description: scope.description(),
                write: scope.is_write(),
            })
            .collect()
    }
}

impl ClientDetails {
    pub(super) fn new(visit: &Visit, client: &Client) -> Self {
        Self {
            id: client.uid.to_string(),
            client_id: client.client_id.to_string(),
            name: client.profile.name.clone(),
            description: client.profile.description.clone(),
            url: client.profile.url.clone(),
            icon_url: visit.site.path(&format!("/api/oauth-clients/{}/icon", client.uid)),
        }
    }
}

/// What is asked for.
#[utoipa::path(
    get,
    path = "/api/oauth/authorize",
    tag = "Authorization",
    summary = "A validated authorization request",
    description = "The request of `GET /oauth/authorize`, judged, for a front end that shows its own consent page. Needs a browser's session.",
    params(
        ("client_id" = String, Query),
        ("response_type" = String, Query, description = "`code`"),
        ("redirect_uri" = Option<String>, Query),
        ("scope" = Option<String>, Query),
        ("state" = Option<String>, Query),
        ("code_challenge" = Option<String>, Query),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`"),
        ("resource" = Option<String>, Query),
    ),
    responses(
        (status = 200, body = AuthorizationDetails),
        (status = 400, description = "Refused; with `redirect_uri` when the client is to be told by sending the browser there", body = RefusedRequest),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
    ),
)]
pub(super) async fn details(visit: Visit, caller: Caller) -> ApiResult<HttpResponse> {
    let user = session_user(caller)?;
    let parameters = parameters::from_query(&visit.request).map_err(|error| ApiError::Invalid {
        message: error.description.into_owned(),
        source: Source::Query,
        keys: Vec::new(),
    })?;
    match judge(&visit, &parameters, Source::Query).await? {
        Judged::Back {
            location, description, ..
        } => Ok(refused(location, description.into_owned())),
        Judged::Good(request) => {
            let consent = visit.app().authorize.has_consent(&request, &user).await?;
            Ok(uncached().json(AuthorizationDetails::new(&visit, &request, consent)))
        }
    }
}

/// The user's answer.
#[utoipa::path(
    post,
    path = "/api/oauth/authorize",
    tag = "Authorization",
    summary = "Allow or deny an authorization request",
    description = "Needs a browser's session and a page of this site. The front end then sends the browser to `redirect_uri`.",
    request_body = Decision,
    responses(
        (status = 200, description = "Decided: the address holds `code` or `error`, `state` and `iss`", body = Onward),
        (status = 400, description = "Refused; with `redirect_uri` when the client is to be told by sending the browser there", body = RefusedRequest),
        (status = 401, description = "Nobody is signed in", body = ApiErrorBody),
        (status = 403, description = "Not sent by a page of this site, or by somebody who acts for the user", body = ApiErrorBody),
    ),
)]
pub(super) async fn decide(visit: Visit, caller: Caller, payload: web::Payload) -> ApiResult<HttpResponse> {
    let user = session_in_person(&visit, caller).await?;
    let decision: Decision = json::read(&visit.request, payload).await?;
    let request = match judge(&visit, &decision.parameters(), Source::Payload).await? {
        Judged::Back {
            location, description, ..
        } => return Ok(refused(location, description.into_owned())),
        Judged::Good(request) => request,
    };
    let answer = if decision.approve {
        Answer::Allow(ScopeSet::ALL)
    } else {
        Answer::Deny
    };
    let authorize = &visit.app().authorize;
    match authorize.answer(&request, answer, &user, &visit.context()).await? {
        Answered::Redirect(redirect_uri) => Ok(uncached().json(Onward { redirect_uri })),
        Answered::NothingGranted => Err(ApiError::malformed("Nothing of what was asked for is granted")),
    }
}

/// The caller, where it is a browser's session. Writes are held to pages of this site by [`Caller`] itself.
pub(super) fn session_user(caller: Caller) -> ApiResult<User> {
    caller.via_session.map(|_| caller.user).ok_or(ApiError::Unauthorized)
}

/// The same where something is to be changed: the user in person.
pub(super) async fn session_in_person(visit: &Visit, caller: Caller) -> ApiResult<InPerson> {
    if caller.via_session.is_none() {
        return Err(ApiError::Unauthorized);
    }
    caller.in_person(&visit.request).await
}

async fn judge(visit: &Visit, parameters: &Parameters, source: Source) -> ApiResult<Judged> {
    visit.judge(parameters).await.map_err(|problem| match problem {
        Problem::Refused { reason, .. } => ApiError::Invalid {
            message: reason.to_string(),
            source,
            keys: vec![reason.parameter().to_owned()],
        },
        Problem::Fault(fault) => fault.into(),
        other => ApiError::malformed(other.message().text),
    })
}

fn refused(redirect_uri: String, message: String) -> HttpResponse {
    let error = ApiErrorBody {
        status_code: 400,
        error: "Bad Request".to_owned(),
        message,
        validation: None,
    };
    HttpResponse::BadRequest()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(RefusedRequest { error, redirect_uri })
}

fn uncached() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

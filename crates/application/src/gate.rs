//! The gate: whether a request may go on to Informer (RFC 6750).

use informer_oauth_domain::{
    authorization::OwnResources,
    claims::AccessTokenClaims,
    id::{ClientId, TokenRecordId},
    path::NormalPath,
    route::{RouteTable, Verdict},
    scope::{Scope, ScopeSet},
    timestamp::Timestamp,
};

use crate::{
    access_tokens::{AccessTokens, Inspection},
    error::Fault,
    own_token::claims_to_be_ours,
};

/// What the gate makes of requests without a token of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GatePolicy {
    /// Refuse requests without a token of ours, other than CORS preflights.
    pub require_token: bool,
    /// Refuse bearer tokens that this service did not issue, other than with CORS preflights. Otherwise they are passed on, for
    /// Informer to judge: its own API tokens, secrets of webhooks.
    pub refuse_foreign_tokens: bool,
}

/// What a proxy says of a request.
#[derive(Clone, Copy, Debug)]
pub struct GateRequest<'a> {
    /// The bearer token, if there is one.
    pub bearer: Option<&'a str>,
    /// The method of the request.
    pub method: &'a str,
    /// The request target as the client wrote it, or as the proxy hands it on.
    pub uri: &'a [u8],
    /// Whether it has `Origin` and `Access-Control-Request-Method` (Fetch standard §3.2.2).
    pub cross_origin_question: bool,
    /// Whether it switches to another protocol.
    pub upgrade: bool,
}

impl<'a> GateRequest<'a> {
    /// A plain request.
    pub fn new(bearer: Option<&'a str>, method: &'a str, uri: &'a str) -> Self {
        Self {
            bearer,
            method,
            uri: uri.as_bytes(),
            cross_origin_question: false,
            upgrade: false,
        }
    }

    /// Whether a browser asks for leave to send another request. It sends no credentials with that (Fetch standard §4.8).
    fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.cross_origin_question
    }
}

/// What the gate answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GateAnswer {
    /// The request may pass.
    Allowed {
        /// Whose request it is.
        username: String,
        /// Through which client.
        client_id: ClientId,
        /// The token's scope.
        scope: ScopeSet,
        /// The token's record.
        token_record: TokenRecordId,
        /// Whether this use is to be noted: [`Gate::note_use`]. True at most once a minute for a record.
        note_use: bool,
    },
    /// There is no bearer token: Informer's own rules apply.
    NoToken,
    /// The bearer token is not one of ours: Informer's own rules apply.
    Foreign,
    /// There is no token of ours, and one is required.
    TokenRequired(Refusal),
    /// The token is no good.
    InvalidToken(Refusal),
    /// The token does not reach that far.
    Insufficient {
        /// The least scope that would.
        needed: Scope,
        /// For the log.
        refusal: Refusal,
    },
    /// The request cannot be judged safely.
    Unjudged {
        /// Why, as a sentence without its full stop.
        why: String,
        /// For the log.
        refusal: Refusal,
    },
}

impl GateAnswer {
    /// What is known of a refused request.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Allowed { .. } | Self::NoToken | Self::Foreign => None,
            Self::TokenRequired(refusal)
            | Self::InvalidToken(refusal)
            | Self::Insufficient { refusal, .. }
            | Self::Unjudged { refusal, .. } => Some(refusal),
        }
    }
}

/// What is known of a refused request, for the log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Refusal {
    /// A stable name of the reason.
    pub reason: &'static str,
    /// The token's client, if the token is genuine.
    pub client_id: Option<ClientId>,
    /// The token's user, if the token is genuine.
    pub username: Option<String>,
    /// The row that decided.
    pub route: Option<String>,
}

impl Refusal {
    /// A refusal of which no more than the reason is known.
    pub fn because(reason: &'static str) -> Self {
        Self {
            reason,
            ..Self::default()
        }
    }

    fn of(claims: &AccessTokenClaims, reason: &'static str) -> Self {
        Self {
            client_id: Some(claims.client_id),
            username: Some(claims.subject.clone()),
            ..Self::because(reason)
        }
    }
}

/// Judges requests on their way to Informer.
pub struct Gate {
    pub(crate) access: AccessTokens,
    pub(crate) routes: RouteTable,
    pub(crate) resources: OwnResources,
    pub(crate) policy: GatePolicy,
}

impl Gate {
    /// Judges one request. Its path matters only with a token of ours, its query never.
    pub async fn judge(&self, request: GateRequest<'_>, now: Timestamp) -> Result<GateAnswer, Fault> {
        let Some(token) = request.bearer else {
            return Ok(self.without_own_token(&request, GateAnswer::NoToken));
        };
        let (claims, record) = match self.access.inspect(token, now).await? {
            Inspection::Good(claims, record) => (claims, record),
            Inspection::Refused { reason, claims: None } => {
                return Ok(if claims_to_be_ours(token, self.resources.issuer.as_str()) {
                    GateAnswer::InvalidToken(Refusal::because(reason))
                } else {
                    self.with_foreign_token(&request)
                });
            }
            Inspection::Refused {
                reason,
                claims: Some(claims),
            } => return Ok(GateAnswer::InvalidToken(Refusal::of(&claims, reason))),
        };
        if !self.is_for_us(&claims) {
            return Ok(GateAnswer::InvalidToken(Refusal::of(&claims, "resource_mismatch")));
        }
        let path = match NormalPath::parse(request.uri) {
            Ok(path) => path,
            Err(refused) => {
                return Ok(GateAnswer::Unjudged {
                    why: refused.to_string(),
                    refusal: Refusal::of(&claims, refused.name()),
                });
            }
        };
        let verdict = if request.upgrade {
            self.routes
                .judge_upgrade(request.method, &path, &claims.subject, claims.scope)
        } else {
            self.routes.judge(request.method, &path, &claims.subject, claims.scope)
        };
        let refusal = |reason| Refusal {
            route: Some(verdict.required().route.to_string()),
            ..Refusal::of(&claims, reason)
        };
        Ok(match verdict {
            Verdict::Allowed { .. } => GateAnswer::Allowed {
                note_use: self.access.is_use_due(&record, now),
                username: claims.subject,
                client_id: claims.client_id,
                scope: claims.scope,
                token_record: claims.token_record,
            },
            Verdict::Insufficient { needed, .. } => GateAnswer::Insufficient {
                needed,
                refusal: refusal("insufficient_scope"),
            },
            Verdict::Ambiguous { .. } => GateAnswer::Unjudged {
                why: "servers read the path differently, and the readings need different scopes".to_owned(),
                refusal: refusal("path_ambiguous"),
            },
        })
    }

    /// Notes that a token was used. A use that cannot be noted is only logged.
    pub async fn note_use(&self, record: TokenRecordId, now: Timestamp) {
        self.access.note_use(record, now).await;
    }

    fn with_foreign_token(&self, request: &GateRequest<'_>) -> GateAnswer {
        if self.policy.refuse_foreign_tokens && !request.is_preflight() {
            return GateAnswer::InvalidToken(Refusal::because("foreign_token"));
        }
        self.without_own_token(request, GateAnswer::Foreign)
    }

    fn without_own_token(&self, request: &GateRequest<'_>, otherwise: GateAnswer) -> GateAnswer {
        if self.policy.require_token && !request.is_preflight() {
            return GateAnswer::TokenRequired(Refusal::because("token_required"));
        }
        otherwise
    }

    fn is_for_us(&self, claims: &AccessTokenClaims) -> bool {
        claims.audience == self.resources.audience || claims.audience == self.resources.issuer
    }

    /// The table that requests are judged by.
    pub const fn routes(&self) -> &RouteTable {
        &self.routes
    }
}

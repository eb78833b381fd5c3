//! What handlers add to the access log's line about their request.

use std::{cell::RefCell, rc::Rc};

use actix_web::{Error, HttpMessage as _, HttpRequest, http::header::HeaderValue};
use informer_oauth_application::{error::Fault, token_endpoint::GRANT_TYPES};
use informer_oauth_domain::{
    error::{ErrorCode, OAuthError, Reason},
    id::ClientId,
    parameters::Parameters,
};

use crate::{api_error::ApiError, protocol_error::ProtocolErrorResponse};

/// The request's id and further fields of its line in the access log. The envelope makes one for each request and puts it
/// into the request's extensions; clones share their content. Never a token, code, secret, query or body.
#[derive(Clone)]
pub(crate) struct LogFields(Rc<Shared>);

struct Shared {
    request_id: HeaderValue,
    fields: RefCell<Fields>,
}

/// The fields that a request may have or not.
#[derive(Clone, Default)]
pub(crate) struct Fields {
    /// The OAuth error code of the answer.
    pub(crate) error: Option<ErrorCode>,
    /// Why, by a stable name: see [`Reason`].
    pub(crate) reason: Option<&'static str>,
    /// The client that the request names, if it has the form of a `client_id`.
    pub(crate) client_id: Option<ClientId>,
    /// The `grant_type`, if it is one of ours.
    pub(crate) grant_type: Option<&'static str>,
    /// Internal failure. It is never sent to the client.
    pub(crate) fault: Option<Fault>,
}

impl LogFields {
    pub(crate) fn new(request_id: HeaderValue) -> Self {
        Self(Rc::new(Shared {
            request_id,
            fields: RefCell::default(),
        }))
    }

    /// The fields of `request`; `None` outside of the envelope.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    pub(crate) fn request_id(&self) -> &HeaderValue {
        &self.0.request_id
    }

    /// A copy of what is known by now.
    pub(crate) fn fields(&self) -> Fields {
        self.0.fields.borrow().clone()
    }

    pub(crate) fn set_client(&self, client_id: ClientId) {
        self.0.fields.borrow_mut().client_id = Some(client_id);
    }

    /// Adds the client and the grant type that a client's request names.
    pub(crate) fn set_request(&self, client_id: Option<&str>, parameters: &Parameters) {
        let mut fields = self.0.fields.borrow_mut();
        fields.client_id = client_id.and_then(|id| id.parse().ok());
        let sent = parameters.get("grant_type").ok().flatten();
        fields.grant_type = GRANT_TYPES.into_iter().find(|known| Some(*known) == sent);
    }

    pub(crate) fn set_error(&self, error: &OAuthError) {
        let mut fields = self.0.fields.borrow_mut();
        fields.error = Some(error.code);
        fields.reason = error.reason.map(Reason::as_str);
    }

    /// Adds why the gate refuses a request, and whose token it has.
    pub(crate) fn set_refusal(&self, reason: &'static str, client_id: Option<ClientId>) {
        let mut fields = self.0.fields.borrow_mut();
        fields.reason = Some(reason);
        fields.client_id = client_id;
    }

    pub(crate) fn set_code(&self, code: ErrorCode) {
        self.0.fields.borrow_mut().error = Some(code);
    }

    pub(crate) fn set_fault(&self, fault: &Fault) {
        self.0.fields.borrow_mut().fault = Some(fault.clone());
    }

    /// Adds what an error that a handler returned says of itself.
    pub(crate) fn set_from(&self, error: &Error) {
        if let Some(error) = error.as_error::<ProtocolErrorResponse>() {
            error.describe(self);
        } else if let Some(error) = error.as_error::<ApiError>() {
            error.describe(self);
        }
    }
}

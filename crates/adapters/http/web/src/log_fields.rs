//! What handlers add to the access log's line about their request.

use std::{cell::RefCell, rc::Rc};

use actix_web::{HttpMessage as _, HttpRequest, http::header::HeaderValue};
use informer_oauth_application::error::Fault;
use informer_oauth_domain::{
    error::{ErrorCode, OAuthError, Reason},
    grant_type::GrantType,
    id::ClientId,
    parameters::Parameters,
};

/// The request's id and further fields of its line in the access log. The envelope makes one for each request and puts it
/// into the request's extensions; clones share their content. Never a token, code, secret, query or body.
#[derive(Clone)]
pub struct LogFields(Rc<Shared>);

struct Shared {
    request_id: HeaderValue,
    fields: RefCell<Fields>,
}

/// The fields that a request may have or not.
#[derive(Clone, Default)]
pub struct Fields {
    /// The OAuth error code of the answer.
    pub error: Option<ErrorCode>,
    /// Why, by a stable name: see [`Reason`].
    pub reason: Option<&'static str>,
    /// The client that the request names, if it has the form of a `client_id`.
    pub client_id: Option<ClientId>,
    /// The `grant_type`, if it is one of ours.
    pub grant_type: Option<&'static str>,
    /// Internal failure. It is never sent to the client.
    pub fault: Option<Fault>,
}

impl LogFields {
    pub fn new(request_id: HeaderValue) -> Self {
        Self(Rc::new(Shared {
            request_id,
            fields: RefCell::default(),
        }))
    }

    /// The fields of `request`; `None` outside of the envelope.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    pub fn request_id(&self) -> &HeaderValue {
        &self.0.request_id
    }

    /// A copy of what is known by now.
    pub fn copy(&self) -> Fields {
        self.0.fields.borrow().clone()
    }

    pub fn set_client(&self, client_id: ClientId) {
        self.0.fields.borrow_mut().client_id = Some(client_id);
    }

    /// Adds the client and the grant type that a client's request names.
    pub fn set_request(&self, client_id: Option<&str>, parameters: &Parameters) {
        let mut fields = self.0.fields.borrow_mut();
        fields.client_id = client_id.and_then(|id| id.parse().ok());
        let sent = parameters.get("grant_type").ok().flatten();
        let grant_type = GrantType::from_parameter(sent);
        fields.grant_type = (grant_type != GrantType::Other).then(|| grant_type.parameter());
    }

    pub fn set_error(&self, error: &OAuthError) {
        let mut fields = self.0.fields.borrow_mut();
        fields.error = Some(error.code);
        fields.reason = error.reason.map(Reason::as_str);
    }

    /// Adds why the gate refuses a request, and whose token it has.
    pub fn set_refusal(&self, reason: &'static str, client_id: Option<ClientId>) {
        let mut fields = self.0.fields.borrow_mut();
        fields.reason = Some(reason);
        fields.client_id = client_id;
    }

    pub fn set_code(&self, code: ErrorCode) {
        self.0.fields.borrow_mut().error = Some(code);
    }

    pub fn set_fault(&self, fault: &Fault) {
        self.0.fields.borrow_mut().fault = Some(fault.clone());
    }
}

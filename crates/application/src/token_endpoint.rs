//! The token endpoint (RFC 6749 §3.2): authenticates the client and hands over to the grant.

use std::sync::Arc;

use informer_oauth_domain::{error::ErrorCode, parameters::Parameters};

use crate::{
    authenticate_client::AuthenticateClient,
    client_credentials::{BasicCredentials, ClientCredentials},
    context::RequestContext,
    error::ProtocolError,
    issue_tokens::TokenAnswer,
    metrics,
    redeem_code::RedeemCode,
    redeem_device_code::RedeemDeviceCode,
    refresh::Refresh,
    usage::Usage,
};

/// `authorization_code`, RFC 6749 §4.1.3.
pub const AUTHORIZATION_CODE: &str = "authorization_code";
/// `refresh_token`, RFC 6749 §6.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// `urn:ietf:params:oauth:grant-type:device_code`, RFC 8628 §3.4.
pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Every grant type there is.
pub const GRANT_TYPES: [&str; 3] = [AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE];

/// The token endpoint.
pub struct TokenEndpoint {
    pub(crate) authenticate: Arc<AuthenticateClient>,
    pub(crate) redeem_code: RedeemCode,
    pub(crate) refresh: Refresh,
    pub(crate) redeem_device_code: RedeemDeviceCode,
    pub(crate) usage: Arc<Usage>,
}

impl TokenEndpoint {
    /// Answers one token request.
    pub async fn answer(
        &self,
        parameters: &Parameters,
        basic: Option<BasicCredentials>,
        context: &RequestContext,
    ) -> Result<TokenAnswer, ProtocolError> {
        let answer = self.exchange(parameters, basic, context).await;
        metrics::grant(parameters, &answer);
        self.usage.note(parameters, &answer, context.now);
        answer
    }

    async fn exchange(
        &self,
        parameters: &Parameters,
        basic: Option<BasicCredentials>,
        context: &RequestContext,
    ) -> Result<TokenAnswer, ProtocolError> {
        parameters.check_not_repeated()?;
        let grant_type = parameters.get("grant_type")?.ok_or(ProtocolError::refused(
            ErrorCode::InvalidRequest,
            "The grant_type is missing.",
        ))?;
        if !GRANT_TYPES.contains(&grant_type) {
            return Err(ErrorCode::UnsupportedGrantType
                .naming("Unknown grant_type", grant_type)
                .into());
        }
        let credentials = ClientCredentials::read(basic, parameters)?;
        let client = self.authenticate.run(&credentials, context).await?;
        match grant_type {
            AUTHORIZATION_CODE => self.redeem_code.run(&client, parameters, context).await,
            DEVICE_CODE => self.redeem_device_code.run(&client, parameters, context).await,
            _ => self.refresh.run(&client, parameters, context).await,
        }
    }
}

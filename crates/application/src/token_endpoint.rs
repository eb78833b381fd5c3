//! The token endpoint (RFC 6749 §3.2): authenticates the client and hands over to the grant.

use std::sync::Arc;

use informer_oauth_domain::{error::ErrorCode, grant_type::GrantType, parameters::Parameters};

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
        let named = parameters.get("grant_type")?.ok_or(ProtocolError::refused(
            ErrorCode::InvalidRequest,
            "The grant_type is missing.",
        ))?;
        let grant_type = GrantType::from_parameter(Some(named));
        if grant_type == GrantType::Other {
            let unknown = ErrorCode::UnsupportedGrantType.naming("Unknown grant_type", named);
            return Err(unknown.into());
        }
        let credentials = ClientCredentials::read(basic, parameters)?;
        let client = self.authenticate.run(&credentials, context).await?;
        match grant_type {
            GrantType::AuthorizationCode => self.redeem_code.run(&client, parameters, context).await,
            GrantType::DeviceCode => self.redeem_device_code.run(&client, parameters, context).await,
            GrantType::RefreshToken | GrantType::Other => self.refresh.run(&client, parameters, context).await,
        }
    }
}

//! Reading client credentials from a request (RFC 6749 §2.3.1).

use informer_oauth_domain::{
    error::{ErrorCode, OAuthError},
    parameters::Parameters,
    secret::Secret,
};

/// How a client says who it is.
#[derive(Clone, Debug)]
pub enum ClientCredentials {
    /// It names itself and proves nothing: `none`.
    Public {
        /// `client_id`
        client_id: String,
    },
    /// It presents a secret: `client_secret_basic` or `client_secret_post`.
    Secret {
        /// `client_id`
        client_id: String,
        /// `client_secret`
        secret: Secret,
    },
}

/// The decoded user name and password of an `Authorization: Basic` header.
#[derive(Clone, Debug)]
pub struct BasicCredentials {
    /// The user name: `client_id`.
    pub client_id: String,
    /// The password: `client_secret`.
    pub secret: Secret,
}

impl ClientCredentials {
    /// Reads the credentials of one request; more than one method at once is `invalid_request`. An empty secret counts
    /// as none, which is how many libraries send a public client's credentials.
    pub fn read(basic: Option<BasicCredentials>, parameters: &Parameters) -> Result<Self, OAuthError> {
        let posted_id = parameters.get("client_id")?;
        let posted_secret = parameters.get("client_secret")?;
        if parameters.contains("client_assertion") || parameters.contains("client_assertion_type") {
            return Err(ErrorCode::InvalidRequest.because("Client assertions are not supported."));
        }
        match (basic, posted_id, posted_secret) {
            (Some(_), _, Some(_)) => {
                Err(ErrorCode::InvalidRequest.because("The client authenticates in two ways at once."))
            }
            (Some(basic), Some(posted), None) if basic.client_id != posted => {
                Err(ErrorCode::InvalidRequest.because("The client_id is not the one of the Authorization header."))
            }
            (Some(BasicCredentials { client_id, secret }), _, None) if secret.is_empty() => {
                Ok(Self::Public { client_id })
            }
            (Some(BasicCredentials { client_id, secret }), _, None) => Ok(Self::Secret { client_id, secret }),
            (None, Some(client_id), Some(secret)) => Ok(Self::Secret {
                client_id: client_id.to_owned(),
                secret: Secret::new(secret.to_owned()),
            }),
            (None, Some(client_id), None) => Ok(Self::Public {
                client_id: client_id.to_owned(),
            }),
            (None, None, _) => {
                Err(ErrorCode::InvalidClient.because("Missing client_id: send it in the body or use HTTP Basic."))
            }
        }
    }

    /// Who the client says it is.
    pub fn client_id(&self) -> &str {
        match self {
            Self::Public { client_id } | Self::Secret { client_id, .. } => client_id,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(basic: Option<(&str, &str)>, posted: &[(&str, &str)]) -> Result<ClientCredentials, ErrorCode> {
        let basic = basic.map(|(id, secret)| BasicCredentials {
            client_id: id.into(),
            secret: Secret::new(secret.into()),
        });
        ClientCredentials::read(basic, &posted.iter().copied().collect()).map_err(|error| error.code)
    }

    #[test]
    fn two_methods_at_once_are_refused() {
        assert_eq!(
            read(Some(("a", "s")), &[("client_secret", "s")]).unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert_eq!(
            read(Some(("a", "s")), &[("client_id", "b")]).unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert!(read(Some(("a", "s")), &[("client_id", "a")]).is_ok());
    }

    #[test]
    fn an_empty_secret_is_a_public_client() {
        assert!(matches!(
            read(Some(("a", "")), &[]),
            Ok(ClientCredentials::Public { .. })
        ));
        assert!(matches!(
            read(None, &[("client_id", "a"), ("client_secret", "")]),
            Ok(ClientCredentials::Public { .. })
        ));
    }

    #[test]
    fn nobody_at_all_is_an_invalid_client() {
        assert_eq!(
            read(None, &[("client_secret", "s")]).unwrap_err(),
            ErrorCode::InvalidClient
        );
    }
}

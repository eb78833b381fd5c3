use informer_oauth_domain::client::Client;

use crate::error::ManagementError;

/// The fields of a client that nobody sets, as a caller sent them back. They are let through when they say what is so:
/// whoever reads a client and replaces it with that answer must succeed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadOnly {
    /// `id`
    pub id: Option<String>,
    /// `client_id`
    pub client_id: Option<String>,
    /// `createdAt`
    pub created_at: Option<String>,
    /// `updatedAt`
    pub updated_at: Option<String>,
    /// `createdBy`
    pub created_by: Option<String>,
    /// `source`
    pub source: Option<String>,
}

const MESSAGE: &str = "cannot be changed";

impl ReadOnly {
    /// Whether every field says what is so.
    pub(super) fn check(&self, client: &Client) -> Result<(), ManagementError> {
        agree("id", self.id.as_ref(), || client.uid.to_string())?;
        agree("client_id", self.client_id.as_ref(), || client.client_id.to_string())?;
        agree("createdAt", self.created_at.as_ref(), || client.created_at.to_string())?;
        agree("updatedAt", self.updated_at.as_ref(), || client.updated_at.to_string())?;
        agree("createdBy", self.created_by.as_ref(), || client.created_by.clone())?;
        agree("source", self.source.as_ref(), || client.source.as_str().to_owned())
    }

    /// Before there is a client nothing can be so, but that a built-in template has its `client_id`.
    pub(super) fn check_new(&self, client_id: Option<String>) -> Result<(), ManagementError> {
        let claims = [
            ("id", &self.id),
            ("createdAt", &self.created_at),
            ("updatedAt", &self.updated_at),
            ("createdBy", &self.created_by),
            ("source", &self.source),
        ];
        if let Some((field, _)) = claims.into_iter().find(|(_, claim)| claim.is_some()) {
            return Err(ManagementError::InvalidValue { field, message: "is set by the service" });
        }
        if self.client_id.is_some() && self.client_id != client_id {
            return Err(ManagementError::InvalidValue { field: "client_id", message: "is set by the service" });
        }
        Ok(())
    }
}

fn agree(field: &'static str, claim: Option<&String>, present: impl FnOnce() -> String) -> Result<(), ManagementError> {
    match claim {
        Some(claim) if *claim != present() => Err(ManagementError::InvalidValue { field, message: MESSAGE }),
        _ => Ok(()),
    }
}
